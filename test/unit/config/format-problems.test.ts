import { expect } from 'chai'
import { formatProblems } from '../../../lib/config/format-problems.js'

describe('formatProblems', () => {
  it('prints one line a problem', () => {
    const problems = [
      {
        path: 'lock.groups[1].slots',
        message: 'expected an integer of at least 0, got "two"',
      },
      { path: 'service.adress', message: 'unknown key; did you mean "address"?' },
    ]
    expect(formatProblems('/etc/airlock/config.toml', problems)).to.equal(
      [
        'airlock: /etc/airlock/config.toml has 2 problems:',
        '  lock.groups[1].slots: expected an integer of at least 0, got "two"',
        '  service.adress: unknown key; did you mean "address"?',
      ].join('\n'),
    )
  })

  it('speaks of one problem in the singular', () => {
    expect(formatProblems('a.toml', [{ path: 'b', message: 'c' }])).to.equal(
      'airlock: a.toml has 1 problem:\n  b: c',
    )
  })

  it('counts what would fill the screen', () => {
    const problems = Array.from({ length: 203 }, (_, n) => ({ path: `p${n}`, message: 'm' }))
    const lines = formatProblems('a.toml', problems).split('\n')
    expect([lines.length, lines[0], lines[200], lines[201]]).to.deep.equal([
      202,
      'airlock: a.toml has 203 problems:',
      '  p199: m',
      '  and 3 more',
    ])
  })
})
