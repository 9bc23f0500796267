import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import fc from 'fast-check'
import { unlockCommand } from '../../../lib/terminal/unlock-command.js'

/** The words that bash makes of a line. */
function wordsOf(line: string): readonly string[] {
  const print = `set -f; printf '%s\\0' ${line}`
  const options = { encoding: 'utf8', env: { LC_ALL: 'C.UTF-8' } } as const
  return execFileSync('bash', ['--norc', '-c', print], options).split('\0').slice(0, -1)
}

describe('the command that unlocks a machine', () => {
  it('is written as people would', () => {
    expect(unlockCommand('2204af7f41984cb19b8cde4edc06c142', 'patroni')).to.equal(
      'airlock unlock 2204af7f41984cb19b8cde4edc06c142 -g patroni',
    )
  })

  it('quotes what a shell would take for something else', () => {
    expect(unlockCommand(`a b'$(reboot)`, 'x;y')).to.equal(
      `airlock unlock 'a b'\\''$(reboot)' -g 'x;y'`,
    )
  })

  it('is on one line, whatever the id', () => {
    expect(unlockCommand('a\nreboot\x1b[201~é', 'g')).to.equal(
      `airlock unlock $'a\\x0areboot\\x1b\\x5b201\\x7e\\xc3\\xa9' -g g`,
    )
  })

  it('takes nothing for an option that is none', () => {
    expect(unlockCommand('-h', '-g')).to.equal('airlock unlock --group=-g -- -h')
  })

  it('is read by a shell as what it means', () => {
    const word = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter((text) => !text.includes('\0') && !text.startsWith('-'))
    fc.assert(
      fc.property(word, word, (id, group) => {
        expect(wordsOf(unlockCommand(id, group))).to.deep.equal([
          'airlock',
          'unlock',
          id,
          '-g',
          group,
        ])
      }),
      { numRuns: 50 },
    )
  })
})
