import { expect } from 'chai'
import { spawn, spawnSync } from 'node:child_process'
import { chmod, chown, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { eventsPrefix, semaphoreKey } from '../../lib/lock/keys.js'
import { etcdConfig } from '../support/etcd-config.js'
import { getRaw, listRaw } from '../support/etcdctl.js'
import { eventually } from '../support/eventually.js'
import { preReboot, steadyState } from '../support/fleetlock-request.js'
import { AIRLOCK_PROGRAM, airlockEnvironment, runAirlock } from '../support/run-airlock.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { sharedEtcd } from '../support/shared-etcd.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'
import { uniqueGroup } from '../support/unique-group.js'

const LISTEN =
  '[service]\naddress = "127.0.0.1"\nport = 0\n[status]\naddress = "127.0.0.1"\nport = 0\n'

for (const storeKind of ['etcd', 'embedded'] as const) {
  describe(`the operator's commands, on ${storeKind}`, () => {
    let folder: TempFolder
    let daemon: Daemon
    let group: string
    let config: string

    beforeEach(async () => {
      folder = await createTempFolder()
      group = uniqueGroup()
      const groups = `[[lock.groups]]\nname = "${group}"\nslots = 1\n`
      const text =
        storeKind === 'etcd'
          ? etcdConfig(await sharedEtcd('mutual-tls'), { groups: [{ name: group, slots: 1 }] })
          : `${LISTEN}[store]\nkind = "embedded"\npath = ${JSON.stringify(folder.file('airlock.db'))}\n${groups}`
      config = await folder.write('airlock.toml', text)
      daemon = await runDaemon({ configPath: config })
      await daemon.ready()
      await eventually(async () => {
        expect((await airlock('status', group)).stdout).to.match(/ 1 +0 +1$/m)
      })
    })

    afterEach(async () => {
      await daemon.kill()
      await folder.remove()
    })

    const airlock = (...args: string[]) =>
      runAirlock(args, { environment: { AIRLOCK_CONFIG: config, SUDO_USER: 'eve' } })

    const ask = async (id: string): Promise<number | string> => {
      const { status, kind } = await preReboot(daemon.serviceUrl, { group, id })
      return kind ?? status
    }

    const status = async (): Promise<Record<string, unknown>> => {
      const { stdout } = await airlock('status', group, '--json')
      const { groups } = JSON.parse(stdout) as { groups: Record<string, unknown>[] }
      return groups[0] ?? {}
    }

    it('frees the slot of a machine that died, so that another is granted', async () => {
      expect(await ask('dead')).to.equal(200)
      expect(await ask('alive')).to.equal('failed_lock_semaphore_full')
      const shown = await airlock('status', group)
      expect(shown.stdout).to.match(/^dead +group-\w+ +20\S+Z +\d+s +airlock@/m)
      expect(await airlock('unlock', 'dead', '-g', group)).to.deep.equal({
        exitCode: 0,
        stdout: '',
        stderr: '',
      })
      expect(await ask('alive')).to.equal(200)
    })

    it('shows groups, slots, holders and pauses as JSON', async () => {
      await ask('a')
      const shown = await status()
      const [holder] = shown['holders'] as Record<string, string>[]
      expect(holder?.['id']).to.equal('a')
      expect(Date.parse(holder?.['since'] ?? '')).to.be.closeTo(Date.now(), 60_000)
      expect(shown).to.deep.equal({
        name: group,
        slots: 1,
        held: 1,
        free: 0,
        paused: null,
        cooldown: null,
        calendar: null,
        problem: null,
        stale: 0,
        holders: [holder],
      })
    })

    it("prints locksmithctl's and coreos/airlock's forms exactly", async () => {
      const empty = await airlock('status', group, '--locksmith')
      expect(empty.stdout).to.equal('Available: 1\nMax: 1\n')
      await ask('a')
      const held = await airlock('status', group, '--locksmith')
      expect(held.stdout).to.equal('Available: 0\nMax: 1\n\nMACHINE ID\na\n')
      const { stdout } = await airlock('ex', 'get', 'slots')
      expect(stdout).to.include(
        `group: ${group}\n semaphore slots: 1\n lock owners:\n - a\n\n---\n`,
      )
    })

    it('takes a slot for a machine by hand, within the slots', async () => {
      expect(await airlock('lock', 'a', '-g', group)).to.deep.equal({
        exitCode: 0,
        stdout: 'acquired\n',
        stderr: '',
      })
      expect((await airlock('lock', 'a', '-g', group)).stdout).to.equal('already held\n')
      expect(await ask('b')).to.equal('failed_lock_semaphore_full')
      const refused = await airlock('lock', 'b', '-g', group)
      expect([refused.exitCode, refused.stderr]).to.deep.equal([
        75,
        'airlock: failed_lock_semaphore_full: all 1 semaphore slots currently locked\n',
      ])
      const [holder] = (await status())['holders'] as Record<string, string>[]
      expect(holder?.['by']).to.match(/^eve@/)
    })

    it('says that a holder does not exist, as locksmithctl does', async () => {
      expect(await airlock('unlock', 'nobody', '-g', group)).to.deep.equal({
        exitCode: 1,
        stdout: '',
        stderr: 'Error unlocking: holder does not exist\n',
      })
    })

    it('frees all slots of a group only when told so', async () => {
      await airlock('set-slots', '3', '-g', group)
      for (const id of ['a', 'b', 'c']) expect(await ask(id)).to.equal(200)
      expect((await airlock('unlock', '--all', '-g', group)).exitCode).to.equal(2)
      expect((await status())['held']).to.equal(3)
      const { stdout, exitCode } = await airlock('unlock', '--all', '--yes', '-g', group)
      expect([exitCode, stdout]).to.deep.equal([0, 'a\nb\nc\n'])
      expect((await status())['held']).to.equal(0)
    })

    it('frees more machines at once than one transaction can', async function () {
      this.timeout(60_000)
      await airlock('set-slots', '250', '-g', group)
      const ids = Array.from({ length: 250 }, (_, index) => `m-${index}`)
      await Promise.all(ids.map((id) => ask(id)))
      expect((await status())['held']).to.equal(250)
      await airlock('unlock', '--all', '--yes', '-g', group)
      expect((await status())['held']).to.equal(0)
    })

    it('sets the slots, which hold over a restart with the same configuration', async () => {
      expect((await airlock('set-slots', '2', '-g', group)).stdout).to.equal(
        `${group}: slots 1 -> 2, until the number in the configuration changes\n`,
      )
      expect((await airlock('set-max', '3', '-g', group)).stdout).to.equal('Old-Max: 2\nMax: 3\n')
      await daemon.stop()
      daemon = await runDaemon({ configPath: config })
      await daemon.ready()
      for (const id of ['a', 'b', 'c']) expect(await ask(id)).to.equal(200)
      expect(await ask('d')).to.equal('failed_lock_semaphore_full')
    })

    it('takes no slot from a holder when the slots are lowered to 0', async () => {
      await ask('a')
      await airlock('set-slots', '0', '-g', group)
      expect(await ask('a')).to.equal(200)
      expect(await ask('b')).to.equal('failed_lock_semaphore_full')
    })

    it('pauses a group until it is resumed; holders stay and may release', async () => {
      await airlock('set-slots', '2', '-g', group)
      await ask('a')
      const paused = await airlock('pause', '-g', group, '--reason', 'major upgrade')
      expect([paused.exitCode, paused.stdout]).to.deep.equal([0, `the group ${group} is paused\n`])
      const refused = await preReboot(daemon.serviceUrl, { group, id: 'b' })
      expect([refused.status, refused.kind]).to.deep.equal([423, 'failed_lock_paused'])
      expect(refused.value).to.match(
        /^reboots of this group are paused since 20\S+Z by eve@\S+: major upgrade$/,
      )
      expect((await airlock('lock', 'c', '-g', group)).exitCode).to.equal(75)
      expect(await ask('a')).to.equal(200)
      const released = await steadyState(daemon.serviceUrl, { group, id: 'a' })
      expect(released.status).to.equal(200)
      expect((await airlock('status', group)).stdout).to.include('major upgrade')
      expect((await airlock('resume', '-g', group)).stdout).to.equal(`the group ${group} goes on\n`)
      expect(await ask('b')).to.equal(200)
    })

    it('records who did what in the ring of events', async () => {
      await ask('a')
      await airlock('unlock', 'a', '-g', group)
      await airlock('set-slots', '4', '-g', group)
      await airlock('pause', '-g', group, '--reason', 'why not')
      await airlock('resume', '-g', group)
      const { stdout } = await airlock('events', '-g', group)
      const lines = stdout
        .split('\n')
        .filter((line) => line.includes(group))
        .map((line) => line.replace(/^\S+ +\S+ +/, '').replace(/@.*$/, ''))
      expect(lines).to.deep.equal([
        'slots set from none to 1  by airlock',
        'granted a  by airlock',
        'released a  by eve',
        'slots set from 1 to 4  by eve',
        'paused: why not  by eve',
        'resumed  by eve',
      ])
      const json = await airlock('events', '-g', group, '--json')
      const last = JSON.parse(json.stdout.trim().split('\n').at(-1) ?? '') as { changes: unknown }
      expect(last.changes).to.deep.equal([{ type: 'resumed' }])
    })

    it('does not know a group that nobody has configured, and makes none', async () => {
      for (const args of [
        ['lock', 'a'],
        ['unlock', 'a'],
        ['set-slots', '2'],
        ['pause', '--reason', 'x'],
      ]) {
        const { exitCode, stderr } = await airlock(...args, '-g', 'no-such-group')
        expect(exitCode).to.equal(1)
        expect(stderr).to.include('there is no group "no-such-group"')
      }
      expect((await airlock('status', 'no-such-group')).exitCode).to.equal(1)
    })

    it('refuses calls that make no sense', async () => {
      for (const args of [
        ['unlock'],
        ['unlock', 'a', '--all'],
        ['lock'],
        ['set-slots', 'two'],
        ['set-slots', '-1'],
        ['pause', '-g', group],
      ]) {
        expect((await airlock(...args)).exitCode, args.join(' ')).to.equal(2)
      }
    })

    it('prints again when something changes', async () => {
      const child = spawn(process.execPath, [AIRLOCK_PROGRAM, 'status', group, '--watch'], {
        env: airlockEnvironment(folder.path, { AIRLOCK_CONFIG: config }),
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
      const ended = new Promise((resolve) => child.once('close', resolve))
      try {
        await eventually(() => expect(output).to.include(group), { timeoutMs: 10_000 })
        await ask('watched')
        await eventually(() => expect(output).to.include('watched'), { timeoutMs: 10_000 })
      } finally {
        child.kill('SIGKILL')
        await ended
      }
    })

    it('follows what comes', async () => {
      const child = spawn(process.execPath, [AIRLOCK_PROGRAM, 'events', '-g', group, '-f'], {
        env: airlockEnvironment(folder.path, { AIRLOCK_CONFIG: config }),
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
      const ended = new Promise((resolve) => child.once('close', resolve))
      try {
        await eventually(() => expect(output).to.include('slots set'), { timeoutMs: 10_000 })
        await ask('followed')
        await eventually(() => expect(output).to.include('granted followed'), { timeoutMs: 10_000 })
      } finally {
        child.kill('SIGKILL')
        await ended
      }
    })
  })
}

describe('the pause of everything', () => {
  let folder: TempFolder
  let daemon: Daemon
  let config: string

  beforeEach(async () => {
    folder = await createTempFolder()
    config = await folder.write(
      'airlock.toml',
      `${LISTEN}[store]\nkind = "embedded"\npath = ${JSON.stringify(folder.file('airlock.db'))}\n[[lock.groups]]\nname = "db"\n`,
    )
    daemon = await runDaemon({ configPath: config })
    await daemon.ready()
    await eventually(async () => {
      expect((await runAirlock(['-c', config, 'status'])).stdout).to.include('db')
    })
  })

  afterEach(async () => {
    await daemon.kill()
    await folder.remove()
  })

  it('holds for every group, and leaves the pauses of single groups when it ends', async () => {
    const airlock = (...args: string[]) => runAirlock(['-c', config, ...args])
    await airlock('pause', '--reason', 'incident 7')
    await airlock('pause', '-g', 'db', '--reason', 'restore')
    for (const group of ['default', 'db']) {
      const answer = await preReboot(daemon.serviceUrl, { group, id: 'a' })
      expect(answer.value).to.match(/^reboots of all groups are paused .*: incident 7$/)
    }
    expect((await airlock('status')).stdout).to.match(/^ALL GROUPS ARE PAUSED .*incident 7$/m)
    const resumed = await airlock('resume')
    expect(resumed.stdout).to.equal('all groups go on\n')
    expect(resumed.stderr).to.equal('airlock: db is still paused by itself: restore\n')
    const [first, second] = await Promise.all(
      ['default', 'db'].map((group) => preReboot(daemon.serviceUrl, { group, id: 'a' })),
    )
    expect([first?.status, second?.kind]).to.deep.equal([200, 'failed_lock_paused'])
    expect((await airlock('events')).stdout).to.match(/\(all groups\) +paused: incident 7/)
  })
})

describe('the operator without a configuration file', () => {
  it('reaches an etcd by flags, or by the environment', async () => {
    const etcd = await sharedEtcd('mutual-tls')
    const group = uniqueGroup()
    const daemon = await runDaemon({
      config: etcdConfig(etcd, { groups: [{ name: group, slots: 1 }] }),
    })
    try {
      await daemon.ready()
      await preReboot(daemon.serviceUrl, { group, id: 'a' })
      const { caPath = '', client } = etcd.tls ?? {}
      const flags = [
        ...['--endpoint', etcd.namedEndpoints[0] ?? '', '--cafile', caPath],
        ...['--certfile', client?.certPath ?? '', '--keyfile', client?.keyPath ?? ''],
      ]
      const shown = await runAirlock(['status', group, '--locksmith', ...flags])
      expect(shown.stdout).to.equal('Available: 0\nMax: 1\n\nMACHINE ID\na\n')
      const environment = {
        AIRLOCK_ENDPOINT: etcd.namedEndpoints[0] ?? '',
        AIRLOCK_CAFILE: caPath,
        AIRLOCK_CERTFILE: client?.certPath ?? '',
        AIRLOCK_KEYFILE: client?.keyPath ?? '',
      }
      const freed = await runAirlock(['unlock', 'a', '-g', group], { environment })
      expect(freed).to.deep.equal({ exitCode: 0, stdout: '', stderr: '' })
      expect((await getRaw(etcd, semaphoreKey(group)))?.value).to.equal(
        '{"total_slots":1,"holders":[]}',
      )
      expect((await listRaw(etcd, eventsPrefix(group))).at(-1)?.value).to.include('released')
    } finally {
      await daemon.kill()
    }
  })

  it('names the flag that is wrong', async () => {
    const { exitCode, stderr } = await runAirlock(['status', '--endpoint', 'ftp://x'])
    expect(exitCode).to.equal(2)
    expect(stderr).to.match(/^airlock: the command line has 1 problem:\n {2}--endpoint: /)
  })

  it('says in one line that etcd cannot be reached', async () => {
    const { exitCode, stderr } = await runAirlock(['status', '--endpoint', 'http://127.0.0.1:1'])
    expect(exitCode).to.equal(1)
    expect(stderr).to.equal('airlock: nothing listens at 127.0.0.1:1 (connection refused)\n')
  })
})

describe('the operator and the file of an embedded store', () => {
  let folder: TempFolder
  let config: string
  let database: string
  /** `nobody`, as on every Linux. */
  const NOBODY = 65534

  beforeEach(async () => {
    folder = await createTempFolder()
    database = folder.file('airlock.db')
    config = await folder.write(
      'airlock.toml',
      `${LISTEN}[store]\nkind = "embedded"\npath = ${JSON.stringify(database)}\n`,
    )
  })

  afterEach(() => folder.remove())

  async function makeStore(): Promise<void> {
    const daemon = await runDaemon({ configPath: config })
    await daemon.ready()
    await eventually(async () => {
      expect((await runAirlock(['-c', config, 'status'])).stdout).to.include('default')
    })
    await daemon.stop()
  }

  it('makes no store where the daemon has made none', async () => {
    const { exitCode, stderr } = await runAirlock(['-c', config, 'status'])
    expect(exitCode).to.equal(1)
    expect(stderr).to.equal(`airlock: ${database} has no store yet: serve it once\n`)
  })

  it('leaves no file behind that its owner cannot open, or refuses', async () => {
    await makeStore()
    if (process.getuid?.() !== 0) {
      await chmod(database, 0o444)
      const { exitCode } = await runAirlock(['-c', config, 'set-slots', '2'])
      expect(exitCode).to.equal(1)
      return
    }
    await chmod(folder.path, 0o755)
    await chown(folder.path, NOBODY, NOBODY)
    await chown(database, NOBODY, NOBODY)
    const child = spawn(process.execPath, [AIRLOCK_PROGRAM, '-c', config, 'events', '--follow'], {
      env: airlockEnvironment(folder.path),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise((resolve) => child.once('close', resolve))
    try {
      await eventually(async () => expect((await stat(`${database}-shm`)).uid).to.equal(NOBODY), {
        timeoutMs: 10_000,
      })
      const { exitCode, stdout } = await runAirlock(['-c', config, 'set-slots', '2'])
      expect([exitCode, stdout]).to.deep.equal([
        0,
        'default: slots 1 -> 2, until the number in the configuration changes\n',
      ])
      expect((await stat(`${database}-wal`)).uid).to.equal(NOBODY)
    } finally {
      child.kill('SIGKILL')
      await ended
    }
  })

  it('records changes by root as those of root, not of the owner of the file', async () => {
    await makeStore()
    // Only root can give files away, and act as their owner.
    if (process.getuid?.() !== 0) return
    await chmod(folder.path, 0o755)
    await chown(folder.path, NOBODY, NOBODY)
    await chown(database, NOBODY, NOBODY)
    await runAirlock(['-c', config, 'pause', '--reason', 'incident 7'])
    const { stdout } = await runAirlock(['-c', config, 'events'])
    expect(stdout).to.match(new RegExp(`paused: incident 7 {2}by ${userInfo().username}@`))
  })

  it('says so where root may not become the owner of the store', async () => {
    await makeStore()
    if (process.getuid?.() !== 0) return
    await chmod(folder.path, 0o755)
    await chown(folder.path, NOBODY, NOBODY)
    await chown(database, NOBODY, NOBODY)
    const child = spawnSync(
      'setpriv',
      [
        ...['--bounding-set=-setuid,-setgid', '--', process.execPath],
        ...[AIRLOCK_PROGRAM, '-c', config, 'status'],
      ],
      { env: airlockEnvironment(folder.path), encoding: 'utf8' },
    )
    expect([child.status, child.stderr]).to.deep.equal([
      1,
      `airlock: ${database} belongs to the user ${NOBODY}, and this root has not the right to act ` +
        'as another user (CAP_SETUID, CAP_SETGID); run this as that user\n',
    ])
  })

  it('says so where a folder above the store is closed to its owner', async () => {
    await makeStore()
    // Only root can give files away.
    if (process.getuid?.() !== 0) return
    await chown(database, NOBODY, NOBODY)
    const { exitCode, stderr } = await runAirlock(['-c', config, 'status'])
    expect([exitCode, stderr]).to.deep.equal([
      1,
      `airlock: ${database} is below a folder that is closed to its owner, the user ${NOBODY}; ` +
        'docs/systemd.md shows how to run this within the service\n',
    ])
  })
})
