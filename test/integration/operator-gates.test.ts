import { expect } from 'chai'
import { embeddedConfig } from '../support/embedded-config.js'
import { startEtcd } from '../support/etcd-server.js'
import { etcdConfig } from '../support/etcd-config.js'
import { FakeServer } from '../support/fake-server.js'
import { runAirlock } from '../support/run-airlock.js'
import { runDaemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

const GROUPS = { a: 2, b: 2 }

describe('what binds a slot that an operator takes', () => {
  let folder: TempFolder
  beforeEach(async () => {
    folder = await createTempFolder()
  })
  afterEach(() => folder.remove())

  /** Calls `airlock`; resolves to its exit code, and the kind of the refusal or else the output. */
  async function airlock(...args: string[]): Promise<[number | null, string]> {
    const { exitCode, stdout, stderr } = await runAirlock(['-c', folder.file('a.toml'), ...args])
    return [exitCode, /^airlock: (failed_lock_\w+)/.exec(stderr)?.[1] ?? stdout + stderr]
  }

  /** Writes the configuration, and has a daemon make the store. */
  async function configure(more: string): Promise<void> {
    const path = folder.file('airlock.db')
    const configPath = await folder.write('a.toml', embeddedConfig({ path, groups: GROUPS, more }))
    const daemon = await (await runDaemon({ configPath })).ready()
    await daemon.stop()
  }

  it('is the cap over all groups, whatever gates are ignored', async () => {
    await configure('[lock]\ntotal_slots_max = 2\n')
    expect(await airlock('lock', 'x', '-g', 'a')).to.deep.equal([0, 'acquired\n'])
    expect(await airlock('lock', 'y', '-g', 'b')).to.deep.equal([0, 'acquired\n'])
    for (const options of [[], ['--ignore-gates']]) {
      expect(await airlock('lock', 'z', '-g', 'b', ...options)).to.deep.equal([
        75,
        'failed_lock_total_full',
      ])
    }
    expect(await airlock('lock', 'y', '-g', 'b')).to.deep.equal([0, 'already held\n'])
    expect(await airlock('unlock', 'x', '-g', 'a')).to.deep.equal([0, ''])
    expect(await airlock('lock', 'z', '-g', 'b')).to.deep.equal([0, 'acquired\n'])
  })

  it('is a pause, whatever gates are ignored', async () => {
    await configure('')
    await airlock('lock', 'x', '-g', 'a')
    await airlock('pause', '--reason', 'incident 7')
    expect(await airlock('lock', 'y', '-g', 'a', '--ignore-gates')).to.deep.equal([
      75,
      'failed_lock_paused',
    ])
  })

  it('is a blackout, unless gates are ignored', async () => {
    await configure('[[lock.blackout]]\nfrom = 2020-01-01\nto = 2120-01-01\nreason = "always"\n')
    expect(await airlock('lock', 'x', '-g', 'a')).to.deep.equal([75, 'failed_lock_blackout'])
    expect(await airlock('lock', 'x', '-g', 'a', '--ignore-gates')).to.deep.equal([0, 'acquired\n'])
    expect(await airlock('lock', 'x', '-g', 'a')).to.deep.equal([0, 'already held\n'])
  })

  it('is a check that says no, unless gates are ignored', async () => {
    const health = await FakeServer.start((response) => response.writeHead(500).end())
    try {
      await configure(`[[gates.http]]\nurl = "${health.url}"\n`)
      expect(await airlock('lock', 'x', '-g', 'a')).to.deep.equal([75, 'failed_lock_check_failing'])
      expect(await airlock('lock', 'x', '-g', 'a', '--ignore-gates')).to.deep.equal([
        0,
        'acquired\n',
      ])
      expect(health.requests.length).to.equal(1)
    } finally {
      await health.close()
    }
  })

  for (const release of [
    ['unlock', 'x'],
    ['unlock', '--all', '--yes'],
  ]) {
    it(`is the cooldown after ${release.join(' ')}, unless gates are ignored`, async () => {
      await configure('[lock]\ncooldown_seconds = 600\n')
      await airlock('lock', 'x', '-g', 'a')
      expect((await airlock(...release, '-g', 'a'))[0]).to.equal(0)
      expect(await airlock('lock', 'y', '-g', 'a')).to.deep.equal([75, 'failed_lock_cooldown'])
      expect(await airlock('lock', 'y', '-g', 'b')).to.deep.equal([0, 'acquired\n'])
      expect(await airlock('lock', 'y', '-g', 'a', '--ignore-gates')).to.deep.equal([
        0,
        'acquired\n',
      ])
    })
  }

  it('is a cooldown that is on, also without the configuration', async () => {
    const etcd = await startEtcd()
    try {
      const text = etcdConfig(etcd, { lock: 'cooldown_seconds = 600' })
      await folder.write('a.toml', text)
      await airlock('lock', 'x')
      await airlock('unlock', 'x')
      const { exitCode, stderr } = await runAirlock([
        ...['lock', 'y', '-g', 'default', '--endpoint', ...etcd.namedEndpoints],
      ])
      expect(exitCode).to.equal(75)
      expect(stderr).to.match(
        /^airlock: with --endpoint the configuration is not known: its cap and gates are not looked at\nairlock: failed_lock_cooldown: a machine of this group was released less than 600 seconds ago; the next is granted after about [-0-9]+T[:0-9]+Z\n$/,
      )
    } finally {
      await etcd.stop()
    }
  })
})
