import { expect } from 'chai'
import { compileAlertPattern } from '../../../lib/gates/alert-pattern.js'

function matching(pattern: string, ...names: readonly string[]): readonly string[] {
  const compiled = compileAlertPattern(pattern)
  if ('problem' in compiled) throw new Error(compiled.problem)
  return names.filter((name) => compiled.matches(name))
}

describe('compileAlertPattern', () => {
  it('need not match the whole name', () => {
    expect(matching('Down', 'NodeDown', 'Downtime', 'Up')).to.deep.equal(['NodeDown', 'Downtime'])
  })

  it('knows anchors, alternatives and classes', () => {
    const names = ['Watchdog', 'Watchdogs', 'Node1', 'NodeX']
    expect(matching('^(Watchdog|Node[0-9])$', ...names)).to.deep.equal(['Watchdog', 'Node1'])
  })

  it('knows (?i) at the beginning', () => {
    expect(matching('(?i)^watch', 'WATCHDOG', 'Swatch')).to.deep.equal(['WATCHDOG'])
  })

  it('knows escapes and Unicode', () => {
    expect(matching('^\\p{L}+\\.\\d{2,3}$', 'ü.12', 'üx12')).to.deep.equal(['ü.12'])
  })

  it('matches no name that is longer than names are', () => {
    expect(matching('a', 'a'.repeat(256), 'a'.repeat(257))).to.deep.equal(['a'.repeat(256)])
  })

  it('knows what RE2 has, and JavaScript has not', () => {
    expect(matching('\\A[[:upper:]]+\\z', 'UP', 'Up')).to.deep.equal(['UP'])
    expect(matching('^(?i:watch)Dog$', 'WATCHDog', 'watchdog')).to.deep.equal(['WATCHDog'])
  })

  const MISTAKES: readonly (readonly [pattern: string, problem: RegExp])[] = [
    ['(', /missing closing \): `\(`/],
    ['*', /missing argument to repetition operator: `\*`/],
    ['[a', /missing closing \]/],
    ['(?=a)', /unsupported Perl syntax: `\(\?=`/],
    ['a(?<!b)', /unsupported Perl syntax|invalid/],
    ['(a)\\1', /invalid escape sequence: `\\1`/],
    ['a++', /invalid nested repetition operator/],
    ['((a{1,100}){1,100}){1,100}', /invalid repeat count/],
  ]
  for (const [pattern, problem] of MISTAKES) {
    it(`refuses ${pattern}`, () => {
      const compiled = compileAlertPattern(pattern)
      expect('problem' in compiled && compiled.problem).to.match(problem)
    })
  }

  it('takes escaped signs for what they are', () => {
    expect(matching('^\\(\\?=a\\)\\*\\[\\]$', '(?=a)*[]')).to.deep.equal(['(?=a)*[]'])
    expect(matching('^(a)?(b){2}$', 'abb', 'bb', 'ab')).to.deep.equal(['abb', 'bb'])
  })

  // Each takes JavaScript's own expressions minutes, or longer.
  for (const [pattern, name] of [
    ['^(a+){20}$', `${'a'.repeat(100)}b`],
    ['\\w*\\w*\\w*\\w*\\w*\\w*\\w*X', 'a'.repeat(256)],
    ['^(a|a){100}b', 'a'.repeat(100)],
    ['(a*)*b', 'a'.repeat(256)],
  ] as const) {
    it(`takes no time for a name that almost matches ${pattern}`, () => {
      expect(matching(pattern, name)).to.deep.equal([])
    })
  }
})
