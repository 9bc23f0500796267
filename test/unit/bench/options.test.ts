import { expect } from 'chai'
import { parseOptions, USAGE } from '../../../bench/options.js'

const SCENARIOS = ['churn', 'full']

describe("the benchmark's command line", () => {
  it('has a default for everything', () => {
    expect(parseOptions([], SCENARIOS)).to.deep.equal({
      rounds: 3,
      seconds: 4,
      only: [],
      peer: undefined,
      logLevel: undefined,
      json: undefined,
    })
  })

  it('takes some scenarios, another server and a log level', () => {
    const args = ['--only', 'churn, full', '--peer', 'other -c {config}', '--log-level', 'info']
    expect(parseOptions([...args, '--rounds=5', '--seconds=0.5', '--json=-'], SCENARIOS))
      .to.deep //
      .equal({
        rounds: 5,
        seconds: 0.5,
        only: ['churn', 'full'],
        peer: 'other -c {config}',
        logLevel: 'info',
        json: '-',
      })
  })

  it('says what is wrong, and what is allowed', () => {
    expect(parseOptions(['--only', 'chrun'], SCENARIOS)).to.equal(
      '--only: there is no "chrun", but churn, full\n',
    )
    expect(parseOptions(['--peer', 'other'], SCENARIOS)).to.match(/^--peer: .*\{config\}/)
    expect(parseOptions(['--rounds', '0'], SCENARIOS)).to.match(/^--rounds: /)
    expect(parseOptions(['--seconds', 'x'], SCENARIOS)).to.match(/^--seconds: /)
    expect(parseOptions(['--log-level', 'loud'], SCENARIOS)).to.match(/^--log-level: /)
    expect(parseOptions(['--round', '3'], SCENARIOS)).to.contain(USAGE)
  })

  it('prints its usage when asked', () => {
    expect(parseOptions(['--help'], SCENARIOS)).to.equal(USAGE)
  })
})
