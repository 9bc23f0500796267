import { expect } from 'chai'
import { semaphoreKey } from '../../lib/lock/keys.js'
import { embeddedConfig } from '../support/embedded-config.js'
import { etcdConfig } from '../support/etcd-config.js'
import type { EtcdAccess } from '../support/etcd-server.js'
import { getRaw, putRaw } from '../support/etcdctl.js'
import { runAirlock } from '../support/run-airlock.js'
import { sharedEtcd } from '../support/shared-etcd.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'
import { uniqueGroup } from '../support/unique-group.js'

const HELD = '{"total_slots":1,"holders":["a"]}'
const FREE = '{"total_slots":1,"holders":[]}'

describe('the store of a command', () => {
  let folder: TempFolder
  let etcd: EtcdAccess
  let endpoint: string
  let group: string
  let other: string

  beforeEach(async () => {
    folder = await createTempFolder()
    etcd = await sharedEtcd()
    endpoint = etcd.namedEndpoints[0] ?? ''
    group = uniqueGroup()
    other = uniqueGroup()
    for (const each of [group, other]) await putRaw(etcd, semaphoreKey(each), HELD)
  })
  afterEach(() => folder.remove())

  const stored = async (name: string): Promise<string | undefined> =>
    (await getRaw(etcd, semaphoreKey(name)))?.value

  /** The exit code and the first line on standard error. */
  async function problemOf(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<readonly (string | number | null | undefined)[]> {
    const { exitCode, stderr } = await runAirlock(args, { environment })
    return [exitCode, stderr.split('\n')[0]]
  }

  it('is one endpoint a flag, which takes no group behind it for one', async () => {
    const { exitCode, stdout } = await runAirlock(['status', '--endpoint', endpoint, group])
    expect(exitCode).to.equal(0)
    expect(stdout).to.include(group)
    expect(stdout).to.not.include(other)
  })

  it('is one endpoint a flag, which takes no machine behind it for one', async () => {
    const call = ['unlock', '-g', group, '--endpoint', endpoint, 'a']
    expect(await runAirlock(call)).to.deep.equal({ exitCode: 0, stdout: '', stderr: '' })
    expect([await stored(group), await stored(other)]).to.deep.equal([FREE, HELD])
  })

  it('frees no slot of the default group where a group stands behind --endpoint', async () => {
    await putRaw(etcd, semaphoreKey('default'), HELD)
    expect(
      await problemOf(['unlock', '--all', '--yes', '--endpoint', endpoint, group]),
    ).to.deep.equal([2, 'error: name either a machine or --all'])
    expect([await stored(group), await stored('default')]).to.deep.equal([HELD, HELD])
  })

  it('is several endpoints, by the flag again or with commas, or by the variable', async () => {
    const gone = 'http://127.0.0.1:1'
    const shown = async (args: readonly string[], variable?: string): Promise<string> => {
      const environment = variable === undefined ? {} : { AIRLOCK_ENDPOINT: variable }
      return (await runAirlock(['status', group, '--locksmith', ...args], { environment })).stdout
    }
    const one = 'Available: 0\nMax: 1\n\nMACHINE ID\na\n'
    expect([
      await shown(['--endpoint', endpoint, '--endpoint', gone]),
      await shown(['--endpoint', `${endpoint},${gone}`]),
      await shown([], `${endpoint},${gone}`),
      await shown(['--endpoint', endpoint], gone),
    ]).to.deep.equal([one, one, one, one])
  })

  it('is either a configuration or endpoints, where both are typed', async () => {
    expect(
      await problemOf(['status', '--endpoint', endpoint, '-c', folder.file('a.toml')]),
    ).to.deep.equal([2, 'error: --endpoint stands in place of a configuration: leave out it or -c'])
  })

  it('is what is typed, whatever the environment has', async () => {
    const config = await folder.write('a.toml', etcdConfig(etcd, { groups: [{ name: group }] }))
    const shown = async (
      args: readonly string[],
      environment: Readonly<Record<string, string>>,
    ): Promise<boolean> => {
      const { exitCode } = await runAirlock(['status', group, ...args], { environment })
      return exitCode === 0
    }
    const gone = { AIRLOCK_ENDPOINT: 'http://127.0.0.1:1' }
    const missing = { AIRLOCK_CONFIG: folder.file('missing.toml') }
    expect([
      await shown(['-c', config], gone),
      await shown(['--endpoint', endpoint], missing),
      await shown([], { ...missing, AIRLOCK_ENDPOINT: endpoint }),
    ]).to.deep.equal([true, true, true])
  })

  it('is told no certificates without an endpoint', async () => {
    const config = await folder.write('a.toml', embeddedConfig())
    for (const [flag, key] of [
      ['--cafile', 'etcd3.ca_cert_path'],
      ['--certfile', 'etcd3.client_cert_pub_path'],
      ['--keyfile', 'etcd3.client_cert_key_path'],
    ] as const) {
      const problem = `error: ${flag} is for --endpoint; with a configuration, set ${key} in it`
      expect(await problemOf(['status', flag, 'a.pem'])).to.deep.equal([2, problem])
      expect(
        await problemOf(['status', '-c', config, flag, 'a.pem'], { AIRLOCK_ENDPOINT: endpoint }),
      ).to.deep.equal([2, problem])
    }
  })

  it('is told no two forms at once', async () => {
    for (const watch of [[], ['--watch']]) {
      expect(await problemOf(['status', group, '--json', '--locksmith', ...watch])).to.deep.equal([
        2,
        "error: option '--json' cannot be used with option '--locksmith'",
      ])
    }
  })

  it('says to who locks without a configuration what is not looked at', async () => {
    await putRaw(etcd, semaphoreKey(group), FREE)
    expect(await runAirlock(['lock', 'a', '-g', group, '--endpoint', endpoint])).to.deep.equal({
      exitCode: 0,
      stdout: 'acquired\n',
      stderr:
        'airlock: with --endpoint the configuration is not known: its cap and gates are not looked at\n',
    })
  })
})
