import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { runAirlock } from '../support/run-airlock.js'

const EVERYTHING = join(
  fileURLToPath(new URL('../../../', import.meta.url)),
  'config/everything.toml',
)

describe('airlock windows', () => {
  it('prints all groups, or one, from the configuration alone', async () => {
    const all = await runAirlock(['windows', '-c', EVERYTHING, '--count', '2'])
    expect([all.exitCode, all.stderr]).to.deep.equal([0, ''])
    const titles = all.stdout.split('\n').filter((line) => line.includes('):'))
    expect(titles.map((line) => line.split(':')[0])).to.deep.equal([
      'web (Europe/Berlin)',
      'patroni (UTC)',
      'lab (Europe/Berlin)',
    ])
    // Nothing for a terminal in what is piped.
    expect(all.stdout).to.not.include('\u001b')
    const one = await runAirlock(['windows', 'patroni', '-c', EVERYTHING, '-n', '1'])
    expect(one.stdout.split('\n').filter((line) => /^Tue .* 02:00 /.test(line))).to.have.length(1)
  })

  it('prints JSON', async () => {
    const result = await runAirlock(['windows', 'patroni', '-c', EVERYTHING, '-n', '3', '--json'])
    const { version, groups } = JSON.parse(result.stdout) as {
      version: number
      groups: { name: string; windows: { opens: string }[] }[]
    }
    expect([version, groups.length, groups[0]?.name, groups[0]?.windows.length]).to.deep.equal([
      1,
      1,
      'patroni',
      3,
    ])
    for (const { opens } of groups[0]?.windows ?? []) {
      expect(new Date(opens).getUTCDay()).to.equal(2)
    }
  })

  it('says which groups there are', async () => {
    const result = await runAirlock(['windows', 'paroni', '-c', EVERYTHING])
    expect([result.exitCode, result.stderr]).to.deep.equal([
      1,
      'airlock: there is no group "paroni"; there are web, patroni, lab; did you mean "patroni"?\n',
    ])
  })

  it('refuses a count that is none', async () => {
    for (const count of ['0', '1001', 'x', '-1', '1.5']) {
      const result = await runAirlock(['windows', '-c', EVERYTHING, `--count=${count}`])
      expect([result.exitCode, result.stdout], count).to.deep.equal([2, ''])
      expect(result.stderr).to.include('Expected a number from 1 to 1000.')
    }
  })
})
