import { expect } from 'chai'
import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GroupReport, StatusReport } from '../../lib/status/status-report.js'
import { etcdConfig } from '../support/etcd-config.js'
import { startEtcd, type EtcdServer } from '../support/etcd-server.js'
import { eventually } from '../support/eventually.js'
import { preReboot, sendRequest, steadyState } from '../support/fleetlock-request.js'
import { runAirlock } from '../support/run-airlock.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

const A = '978a225b3d7b40e9acd7ce9b62f68444'
const B = '0f3c1a7e5b9d4c2f8a6e1d0b7c5a3f92'

const GROUPS = `
wait_timeout_ms = 15000
total_slots_max = 5
time_zone = "Europe/Berlin"

[[lock.blackout]]
from = 2026-01-01
to = 2099-12-31
reason = "audit"
groups = ["db"]

[[lock.groups]]
name = "lab"
cooldown_seconds = 600
wait_timeout_ms = 0

[[lock.groups]]
name = "db"
slots = 2
wait_timeout_ms = 0

[[lock.groups.window]]
days = ["Tue"]
start_time = "02:00"
length_minutes = 120
`

/** Every path to a value that is neither an object nor a list, and to those that are empty. */
function leavesOf(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value)) {
    return value.length === 0 ? [path] : value.flatMap((item) => leavesOf(item, `${path}[]`))
  }
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, child]) =>
    leavesOf(child, path === '' ? key : `${path}.${key}`),
  )
}

/** Without paths that lead on elsewhere in the answer: a pause is null in one group, and not in another. */
function fieldsOf(answer: unknown): ReadonlySet<string> {
  const leaves = [...new Set(leavesOf(answer))]
  return new Set(
    leaves.filter(
      (path) => !leaves.some((each) => each.startsWith(`${path}.`) || each.startsWith(`${path}[]`)),
    ),
  )
}

describe('/status.json', () => {
  let etcd: EtcdServer
  let folder: TempFolder
  let daemon: Daemon
  let config: string

  beforeEach(async () => {
    etcd = await startEtcd()
    folder = await createTempFolder()
    await folder.write('nodes.toml', `"${B}" = "web-2"\n`)
    const text = etcdConfig(etcd, { lock: GROUPS, timeoutMs: 1000 }).replace(
      '[status]\n',
      `[nodes]\n${A} = "web-1"\n[status]\nnodes_path = ${JSON.stringify(folder.file('nodes.toml'))}\n`,
    )
    config = await folder.write('airlock.toml', text)
    daemon = await runDaemon({ configPath: config })
    await daemon.ready()
    for (const group of ['default', 'lab', 'db']) {
      await daemon.logged(new RegExp(`slots applied .* group=${group} `))
    }
  })

  afterEach(async () => {
    await daemon.kill()
    await etcd.stop()
    await folder.remove()
  })

  async function read(): Promise<StatusReport> {
    const { status, headers, body } = await sendRequest(`${daemon.statusUrl}/status.json`)
    expect([status, headers['content-type']]).to.deep.equal([200, 'application/json'])
    return JSON.parse(body) as StatusReport
  }

  const group = async (name: string): Promise<GroupReport | undefined> =>
    (await read()).groups.find((each) => each.name === name)

  const ask = (group: string, id: string) => preReboot(daemon.serviceUrl, { group, id })

  /** Everything at once: holders, a waiter, refusals, a cooldown, a blackout, pauses. */
  async function fill(): Promise<void> {
    expect((await ask('default', A)).status).to.equal(200)
    void ask('default', B).catch(() => undefined)
    await ask('lab', 'c')
    await steadyState(daemon.serviceUrl, { group: 'lab', id: 'c' })
    await ask('lab', 'd')
    await ask('db', 'e')
    await runAirlock(['-c', config, 'pause', '-g', 'lab', '--reason', 'new racks'])
    await runAirlock(['-c', config, 'pause', '--reason', 'incident 7'])
    await eventually(async () => {
      const { paused, groups } = await read()
      expect([paused?.reason, groups.map(({ waiting }) => waiting)]).to.deep.equal([
        'incident 7',
        [0, 1, 0],
      ])
    })
  }

  it('shows what is stored and what this replica knows', async () => {
    const begin = Date.now()
    await ask('default', A)
    expect((await group('db'))?.gates.map(({ gate, state }) => [gate, state])).to.deep.equal([
      ['blackout', 'not_asked'],
      ['reboot_window', 'not_asked'],
    ])
    const refused = await ask('db', 'e')
    void ask('default', B).catch(() => undefined)
    await eventually(async () => expect((await group('default'))?.waiting).to.equal(1))
    const report = await read()
    const { store } = report
    expect([store.reachable, store.last_error, store.description]).to.deep.equal([
      true,
      null,
      `etcd ${etcd.namedEndpoints.join(', ')}`,
    ])
    expect(Date.parse(store.seen_at ?? '')).to.be.within(begin, Date.now())
    expect(
      store.endpoints.map(({ endpoint, answers, error }) => [endpoint, answers, error]),
    ).to.deep.equal(etcd.namedEndpoints.map((endpoint) => [endpoint, true, null]))
    expect(report.cap).to.deep.equal({ slots: 5, held: 1 })
    expect(report.groups.map(({ name }) => name)).to.deep.equal(['db', 'default', 'lab'])
    const [db, held] = report.groups
    expect(db?.refused.map(({ id, kind, reason }) => ({ id, kind, reason }))).to.deep.equal([
      { id: 'e', kind: refused.kind, reason: refused.value },
    ])
    expect(db?.calendar).to.deep.include({ time_zone: 'Europe/Berlin', open: false })
    expect(db?.calendar?.blackout?.reason).to.equal('audit')
    expect(db?.gates.map(({ gate, state }) => [gate, state])).to.deep.equal([
      ['blackout', 'closed'],
      ['reboot_window', 'closed'],
    ])
    expect(db?.gates[0]?.reason).to.equal(refused.value)
    expect(Date.parse(db?.gates[0]?.asked_at ?? '')).to.be.within(begin, Date.now())
    expect(held?.holders.map(({ id, name }) => [id, name])).to.deep.equal([[A, 'web-1']])
    expect(held?.waiters.map(({ id, name, reason }) => [id, name, reason])).to.deep.equal([
      [B, 'web-2', 'all 1 semaphore slots currently locked'],
    ])
    expect(report.timeline.map(({ id, name, to, ended }) => [id, name, to, ended])).to.deep.equal([
      [A, 'web-1', null, null],
    ])
    const log = await daemon.logged(/a gate is closed.*gate=blackout/)
    expect(log).to.include(`reason="${refused.value ?? ''}"`)
  })

  it('forgets who was refused with the grant, and ends a time of holding with the release', async () => {
    await ask('default', A)
    await ask('lab', 'c')
    expect((await ask('lab', 'd')).status).to.equal(423)
    await eventually(async () => expect((await group('lab'))?.refused[0]?.id).to.equal('d'))
    await runAirlock(['-c', config, 'unlock', 'c', '-g', 'lab'])
    await runAirlock(['-c', config, 'lock', '--ignore-gates', 'd', '-g', 'lab'])
    expect((await ask('lab', 'd')).status).to.equal(200)
    await steadyState(daemon.serviceUrl, { group: 'lab', id: 'd' })
    await eventually(async () => {
      const { groups, timeline } = await read()
      expect(groups.find(({ name }) => name === 'lab')?.refused).to.deep.equal([])
      const ends = timeline.filter((hold) => hold.group === 'lab').map(({ ended }) => ended)
      expect(ends[0]).to.match(/^unlocked by \S+@\S+$/)
      expect(ends[1]).to.equal('released')
    })
  })

  it('has the fields that are documented, and no others; so has the example', async () => {
    await fill()
    await etcd.kill(0)
    await eventually(async () => expect((await read()).store.reachable).to.equal(false))
    const report = await read()
    if (process.env['AIRLOCK_TEST_EXAMPLE'] !== undefined) {
      await writeFile(process.env['AIRLOCK_TEST_EXAMPLE'], JSON.stringify(report, undefined, 2))
    }
    const text = await readFile(new URL('../../../docs/status.md', import.meta.url), 'utf8')
    const rows = [...text.matchAll(/^\| (`[^/|][^|]*) \|/gm)].map(([, first = '']) => first)
    const documented = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map(([, it]) => it))
    expect([...documented].sort()).to.deep.equal([...fieldsOf(report)].sort())
    const [, example = ''] = /^```json\n(.*?)^```/ms.exec(text) ?? []
    expect(fieldsOf(JSON.parse(example))).to.deep.equal(fieldsOf(report))
  })

  it('shows what was seen last while etcd cannot be reached, and recovers', async () => {
    await ask('default', A)
    await eventually(async () => expect((await group('default'))?.held).to.equal(1))
    const before = await read()
    await etcd.kill(0)
    const during = await eventually(async () => {
      const report = await read()
      expect(report.store.reachable).to.equal(false)
      return report
    })
    expect(during.groups.find(({ name }) => name === 'default')?.holders[0]?.id).to.equal(A)
    expect(during.store.revision).to.equal(before.store.revision)
    expect(during.store.last_error?.reason).to.match(
      /nothing listens at \S+ \(connection refused\)$/,
    )
    expect(during.store.endpoints[0]?.error).to.match(
      /nothing listens at \S+ \(connection refused\)$/,
    )
    const { seen_at: seenAt } = during.store
    await sleep(1000)
    expect((await read()).store.seen_at).to.equal(seenAt)
    await etcd.restart(0)
    await eventually(async () => {
      const { store } = await read()
      expect([store.reachable, store.endpoints[0]?.answers]).to.deep.equal([true, true])
      expect(store.seen_at).to.not.equal(seenAt)
    })
  })

  it('shows the groups as configured where etcd has never been reached', async () => {
    await daemon.kill()
    await etcd.kill(0)
    daemon = await runDaemon({ configPath: config })
    await daemon.ready()
    const { store, groups } = await read()
    expect([store.reachable, store.revision, store.seen_at]).to.deep.equal([false, null, null])
    expect(groups.map(({ name, slots, held }) => [name, slots, held])).to.deep.equal([
      ['db', 2, null],
      ['default', 1, null],
      ['lab', 1, null],
    ])
  })

  it('shows who held although etcd was gone before anybody looked', async () => {
    await ask('default', A)
    await sleep(1000)
    await etcd.kill(0)
    const { store, groups } = await read()
    expect(store.reachable).to.equal(false)
    expect(store.seen_at).to.not.equal(null)
    expect(groups.find(({ name }) => name === 'default')?.holders[0]?.id).to.equal(A)
  })

  it('costs one read of the store for all who ask at once', async () => {
    const reads = async (): Promise<number> => {
      const { body } = await sendRequest(`${daemon.statusUrl}/metrics`)
      const name = 'airlock_store_operation_duration_seconds_count{operation="read"}'
      return Number(
        body
          .split('\n')
          .find((line) => line.startsWith(name))
          ?.split(' ')[1],
      )
    }
    const before = await reads()
    const begin = performance.now()
    for (let round = 0; round < 4; round += 1) {
      await Promise.all(Array.from({ length: 50 }, () => read()))
    }
    const rounds = 1 + Math.floor((performance.now() - begin) / 500)
    // A poll and what follows it may have come between.
    expect((await reads()) - before).to.be.within(1, rounds + 2)
  })

  /** Follows the page's stream of events; `events` is what has come so far. */
  async function follow(): Promise<{ events: () => string; ended: Promise<void> }> {
    const response = await fetch(`${daemon.statusUrl}/events`)
    let events = ''
    const decoder = new TextDecoder()
    const ended = (async () => {
      for await (const chunk of response.body ?? []) {
        events += decoder.decode(chunk as Uint8Array)
      }
    })().catch(() => undefined)
    await eventually(() => expect(events).to.include('data:'))
    return { events: () => events, ended }
  }

  it('is told to those who follow the page when another process changes the store', async () => {
    const { events, ended } = await follow()
    await runAirlock(['-c', config, 'pause', '--reason', 'incident 7'])
    const pausedAt = performance.now()
    await eventually(() => expect(events()).to.include('incident 7'))
    expect(performance.now() - pausedAt).to.be.lessThan(4000)
    await daemon.kill()
    await ended
  })

  it('is told to those who follow the page when a machine begins to wait', async () => {
    await ask('default', A)
    const { events, ended } = await follow()
    await eventually(() => expect(events()).to.include(A))
    // What the lock has set off is over then.
    await sleep(1000)
    const told = events().length
    void ask('default', B).catch(() => undefined)
    await eventually(() => expect(events().slice(told)).to.include(B))
    await daemon.kill()
    await ended
  })

  it('follows the file of names, and keeps the names when it is broken', async () => {
    await ask('default', B)
    const name = async (): Promise<string | null | undefined> =>
      (await group('default'))?.holders[0]?.name
    await eventually(async () => expect(await name()).to.equal('web-2'))
    await folder.write('nodes.toml', `"${B}" = "web-2, rack 4"\n"${A}" = "not in force"\n`)
    await eventually(async () => expect(await name()).to.equal('web-2, rack 4'), {
      timeoutMs: 10_000,
    })
    await folder.write('nodes.toml', `"${B}" = 1\n`)
    const line = await daemon.logged(/the new file of names cannot be used/, 10_000)
    expect(line).to.include('expected a name of 1 to 100 printable characters, got 1')
    expect(await name()).to.equal('web-2, rack 4')
    const { stdout } = await runAirlock(['-c', config, 'status'])
    expect(stdout).to.match(/^HOLDER +GROUP /m)
    await folder.write('nodes.toml', `"${B}" = "web-2"\n`)
    const text = await readFile(config, 'utf8')
    const more = `[nodes]\n${B} = "web-two"\n`
    await writeFile(config, text.replace('slots = 2', 'slots = 3').replace('[nodes]\n', more))
    daemon.signal('SIGHUP')
    await eventually(async () => {
      expect([await name(), (await group('db'))?.configured_slots]).to.deep.equal(['web-two', 3])
    })
    const shown = await runAirlock(['-c', config, 'status'])
    expect(shown.stdout).to.match(new RegExp(`^${B} +web-two +default `, 'm'))
  })

  it('does not start with a file of names that cannot be used, and says why', async () => {
    await folder.write('nodes.toml', `"${B}" = ""\n`)
    const { exitCode, stderr } = await runAirlock(['serve', '-c', config])
    expect(exitCode).to.equal(2)
    expect(stderr).to.include('status.nodes_path: ')
    expect(stderr).to.include('expected a name of 1 to 100 printable characters, got ""')
  })
})
