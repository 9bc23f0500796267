import { expect } from 'chai'
import { embeddedConfig } from '../support/embedded-config.js'
import { runAirlock, type AirlockResult } from '../support/run-airlock.js'
import { runDaemon } from '../support/run-daemon.js'
import { sharedEtcd } from '../support/shared-etcd.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

const GROUPS = { patroni: 2, web: 2 }
const NO_HOLDER = 'Error unlocking: holder does not exist\n'

describe('what the commands of operators say', () => {
  let folder: TempFolder
  beforeEach(async () => {
    folder = await createTempFolder()
  })
  afterEach(() => folder.remove())

  const airlock = (...args: string[]): Promise<AirlockResult> =>
    runAirlock(['-c', folder.file('a.toml'), ...args], { environment: { SUDO_USER: 'eve' } })

  /** Writes the configuration, and has a daemon make the store. */
  async function configure(more = '', status = ''): Promise<void> {
    const text = embeddedConfig({ path: folder.file('airlock.db'), groups: GROUPS, more })
    const configPath = await folder.write('a.toml', text.replace('[status]', `[status]\n${status}`))
    const daemon = await (await runDaemon({ configPath })).ready()
    await daemon.stop()
  }

  describe('of a machine that holds nothing there', () => {
    it('is where it holds, as a line to type', async () => {
      await configure()
      await airlock('lock', 'db1', '-g', 'patroni')
      expect(await airlock('unlock', 'db1')).to.deep.equal({
        exitCode: 1,
        stdout: '',
        stderr:
          NO_HOLDER +
          'airlock: db1 holds nothing in the group default; it holds in patroni: ' +
          'airlock unlock db1 -g patroni\n',
      })
    })

    it('is whose name it is', async () => {
      const names = 'a1 = "db-2.example.com"\nc3 = "twin"\nd4 = "twin"\n'
      const file = await folder.write('names.toml', 'b2 = "db-3.example.com"\n')
      await configure(`[nodes]\n${names}`, `nodes_path = ${JSON.stringify(file)}`)
      await airlock('lock', 'a1', '-g', 'patroni')
      await airlock('lock', 'c3', '-g', 'patroni')
      const said = async (...args: string[]): Promise<string> =>
        (await airlock('unlock', ...args)).stderr
      expect(await said('db-2.example.com', '-g', 'patroni')).to.equal(
        `${NO_HOLDER}airlock: db-2.example.com is the name of a1: airlock unlock a1 -g patroni\n`,
      )
      expect(await said('db-3.example.com')).to.equal(
        `${NO_HOLDER}airlock: db-3.example.com is the name of b2, which holds nothing either\n`,
      )
      expect(await said('twin', '-g', 'patroni')).to.equal(NO_HOLDER)
      expect(await said('nobody', '-g', 'patroni')).to.equal(NO_HOLDER)
    })
  })

  describe('of the slots', () => {
    const state = async (group: string): Promise<string | undefined> => {
      const { stdout } = await airlock('status')
      return new RegExp(`^${group} +\\d+ +\\d+ +\\d+ *(.*)$`, 'm').exec(stdout)?.[1]
    }

    it('is that the cap is reached, and by how many', async () => {
      await configure('[lock]\ntotal_slots_max = 2\n')
      await airlock('lock', 'a', '-g', 'patroni')
      const cap = async (): Promise<unknown> => {
        const { stdout } = await airlock('status', 'web', '--json')
        return (JSON.parse(stdout) as { cap: unknown }).cap
      }
      expect((await airlock('status')).stdout).to.not.include('CAP')
      expect(await cap()).to.deep.equal({ slots: 2, held: 1 })
      await airlock('lock', 'b', '-g', 'patroni')
      const line = 'CAP  2 of 2 slots over all groups are held: no group is granted more\n'
      expect((await airlock('status', 'web')).stdout.startsWith(line)).to.equal(true)
      expect([await state('web'), await state('patroni')]).to.deep.equal(['cap reached', ''])
      expect(await cap()).to.deep.equal({ slots: 2, held: 2 })
    })

    it('is what the configuration has, where the store has another number', async () => {
      await configure()
      expect((await airlock('set-slots', '3')).stdout).to.equal(
        'default: slots 1 -> 3, until the number in the configuration changes\n',
      )
      expect(await state('default')).to.equal('configured: 1')
      expect(await state('web')).to.equal('')
    })

    it('is no number that holds for a time where the configuration only initialises', async () => {
      await configure('[lock]\nslots_source = "store"\n')
      expect((await airlock('set-slots', '3', '-g', 'web')).stdout).to.equal('web: slots 2 -> 3\n')
    })
  })

  it('is that a daemon asks alerts and health checks, where a group has such', async () => {
    await configure('[[gates.http]]\nurl = "http://127.0.0.1:9/"\ngroups = ["web"]\n')
    const note = '\nAlerts and health checks are asked by the daemon only: see the status page.\n'
    const shown = async (group: string): Promise<string> => (await airlock('status', group)).stdout
    expect((await shown('web')).endsWith(note)).to.equal(true)
    expect(await shown('patroni')).to.not.include('Alerts')
  })

  it('is of a slot that is given back nothing, but to a terminal', async () => {
    await configure()
    const terminal = { NODE_OPTIONS: '--import data:text/javascript,process.stdout.isTTY=true' }
    for (const [environment, stdout] of [
      [{}, ''],
      [terminal, 'released\n'],
    ] as const) {
      await airlock('lock', 'a')
      const args = ['-c', folder.file('a.toml'), 'unlock', 'a']
      const wanted = { exitCode: 0, stdout, stderr: '' }
      expect(await runAirlock(args, { environment })).to.deep.equal(wanted)
    }
  })

  for (const scope of [[], ['-g', 'web']]) {
    it(`is which pause is replaced, with ${scope.join(' ') || 'neither group nor --all'}`, async () => {
      await configure()
      const what = scope.length === 0 ? 'all groups are paused' : 'the group web is paused'
      const pause = async (reason: string): Promise<string> =>
        (await airlock('pause', '--reason', reason, ...scope)).stdout
      expect(await pause('incident 7')).to.equal(`${what}\n`)
      const again = `${what}\nit was paused already, since TIME by eve@HOST: incident 7`
      const blank = (text: string): string =>
        text.replace(/since \S+Z by eve@[^:\s]+/, 'since TIME by eve@HOST')
      expect(blank(await pause('incident 7'))).to.equal(`${again}\n`)
      expect(blank(await pause('incident 8'))).to.equal(`${again}; the reason is now: incident 8\n`)
    })
  }

  it('is that all groups are still paused, where one of them is resumed', async () => {
    await configure()
    const resume = (): Promise<AirlockResult> => airlock('resume', '-g', 'web')
    const blank = ({ exitCode, stdout, stderr }: AirlockResult): unknown => [
      exitCode,
      stdout,
      stderr.replace(/since \S+Z by eve@[^:\s]+/, 'since TIME by eve@HOST'),
    ]
    expect(blank(await resume())).to.deep.equal([0, 'web was not paused\n', ''])
    await airlock('pause', '--reason', 'incident 7')
    await airlock('pause', '-g', 'web', '--reason', 'restore')
    const still =
      'airlock: all groups are still paused since TIME by eve@HOST: incident 7; ' +
      'end it with: airlock resume --all\n'
    expect(blank(await resume())).to.deep.equal([
      0,
      'the group web is not paused by itself any more\n',
      still,
    ])
    expect(blank(await resume())).to.deep.equal([0, 'web was not paused\n', still])
  })

  it('is how to name a configuration, where there is none', async () => {
    const none = folder.file('none.toml')
    const said = async (...args: string[]): Promise<AirlockResult> =>
      runAirlock([...args, '-c', none])
    const stderr = `airlock: there is no configuration ${none}; name another with -c FILE or AIRLOCK_CONFIG`
    for (const command of ['serve', 'check-config', 'windows']) {
      const wanted = { exitCode: 2, stdout: '', stderr: `${stderr}\n` }
      expect(await said(command), command).to.deep.equal(wanted)
    }
    for (const args of [['status'], ['unlock', 'a'], ['set-slots', '2']]) {
      const wanted = { exitCode: 2, stdout: '', stderr: `${stderr}, or an etcd with --endpoint\n` }
      expect(await said(...args), args[0]).to.deep.equal(wanted)
    }
  })

  it('is which flag is wrong, not which key', async () => {
    const ENDPOINT = ['status', '--endpoint', 'https://localhost:1']
    const problem = async (...args: string[]): Promise<readonly (string | number | null)[]> => {
      const { exitCode, stderr } = await runAirlock([...ENDPOINT, ...args])
      return [exitCode, ...stderr.split('\n').slice(1, -1)]
    }
    const pem = folder.file('none.pem')
    expect([
      await problem('--certfile', pem),
      await problem('--keyfile', pem),
      await problem('--cafile', pem),
      await problem('--endpoint', 'http://127.0.0.1:1'),
    ]).to.deep.equal([
      [2, '  --keyfile: is missing: --certfile needs it'],
      [2, '  --certfile: is missing: --keyfile needs it'],
      [2, `  --cafile: cannot read ${pem}: no such file`],
      [
        2,
        '  --endpoint: expected all http or all https, got https://localhost:1 and http://127.0.0.1:1',
      ],
    ])
  })

  it('is that the certificate of etcd does not chain to --cafile', async () => {
    const etcd = await sharedEtcd('mutual-tls')
    const { client } = etcd.tls ?? {}
    const certificate = client?.certPath ?? ''
    const { exitCode, stderr } = await runAirlock([
      ...['status', '--endpoint', etcd.namedEndpoints[0] ?? '', '--cafile', certificate],
      ...['--certfile', certificate, '--keyfile', client?.keyPath ?? ''],
    ])
    expect(exitCode).to.equal(1)
    expect(stderr).to.include('it does not chain to --cafile,')
  })

  it('is which group was probably meant', async () => {
    await configure()
    const stderr =
      'airlock: there is no group "patronni"; there are default, patroni, web; did you mean "patroni"?\n'
    for (const args of [
      ['status', 'patronni'],
      ['windows', 'patronni'],
      ['lock', 'a', '-g', 'patronni'],
    ]) {
      expect(await airlock(...args), args[0]).to.deep.equal({ exitCode: 1, stdout: '', stderr })
    }
  })
})
