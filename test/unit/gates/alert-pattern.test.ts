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

  const MISTAKES: readonly (readonly [pattern: string, problem: RegExp])[] = [
    ['(', /group/],
    ['*', /nothing to repeat/],
    ['[a', /class/],
    ['(?=a)', /looking ahead/],
    ['a(?<!b)', /looking ahead/],
    ['(?<name>a)', /named groups/],
    ['(a)\\1', /references/],
    ['(a+)+', /repeated/],
    ['(a|a)*$', /repeated/],
    ['(a){2,}', /repeated/],
    ['a[]', /empty/],
    ['a[^]', /empty/],
    // RE2 knows these, JavaScript does not: better a problem than another meaning.
    ['\\Aa\\z', /invalid/],
    ['[[:alpha:]]', /./],
    ['a++', /nothing to repeat/],
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

  it('takes no time for a name that almost matches', () => {
    const compiled = compileAlertPattern('^.*a.*a.*b$')
    const started = performance.now()
    expect('matches' in compiled && compiled.matches('a'.repeat(256))).to.equal(false)
    expect(performance.now() - started).to.be.below(1000)
  })
})
