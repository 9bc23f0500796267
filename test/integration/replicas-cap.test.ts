import { expect } from 'chai'
import { parseSettings } from '../../lib/config/parse-settings.js'
import { systemClock } from '../../lib/daemon/system-clock.js'
import { readEvents, type GroupEvent } from '../../lib/lock/read-events.js'
import { openStore } from '../../lib/store/open-store.js'
import { startEtcd, type EtcdServer } from '../support/etcd-server.js'
import { etcdConfig, type EtcdConfigOptions } from '../support/etcd-config.js'
import { eventually } from '../support/eventually.js'
import { preReboot, steadyState } from '../support/fleetlock-request.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'

const GROUPS = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, slots: 3 }))
const CAP = 4
const MACHINES = 40
const ROUNDS = 6

describe('what binds the grants of two daemons on one etcd', function () {
  this.timeout(90_000)
  let etcd: EtcdServer
  let daemons: Daemon[]

  beforeEach(async () => {
    etcd = await startEtcd()
    daemons = []
  })
  afterEach(async () => {
    await Promise.all(daemons.map((daemon) => daemon.kill()))
    await etcd.stop()
  })

  async function start(options: EtcdConfigOptions): Promise<void> {
    const config = etcdConfig(etcd, options)
    daemons = await Promise.all([runDaemon({ config }), runDaemon({ config })])
    await Promise.all(daemons.map((daemon) => daemon.ready()))
  }

  const urlOf = (index: number): string => daemons[index % 2]?.serviceUrl ?? ''

  async function readRecords(): Promise<readonly GroupEvent[]> {
    const parsed = parseSettings(etcdConfig(etcd), {}, { nodeMajor: 20 })
    if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems))
    const opened = await openStore(parsed.settings.store, { clock: systemClock, environment: {} })
    if ('problems' in opened) throw new Error(JSON.stringify(opened.problems))
    try {
      return await readEvents(opened.store, undefined, 5000)
    } finally {
      await opened.store.close()
    }
  }

  it('is the cap over all groups, at every revision', async () => {
    await start({ groups: GROUPS, lock: `total_slots_max = ${CAP}` })
    const answers = new Map<string, number>()
    let granted = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      const machines = Array.from({ length: MACHINES }, (_, index) => ({
        group: GROUPS[index % GROUPS.length]?.name ?? '',
        id: `machine-${round}-${index}`,
      }))
      const holding = await Promise.all(
        machines.map(async (machine, index) => {
          const { status, kind } = await preReboot(urlOf(index + round), machine)
          const answer = kind ?? String(status)
          answers.set(answer, (answers.get(answer) ?? 0) + 1)
          return status === 200 ? [machine] : []
        }),
      )
      expect(holding.flat().length, `round ${round}`).to.equal(CAP)
      granted += CAP
      const releases = holding.flat().map((machine, index) => steadyState(urlOf(index), machine))
      for (const { status } of await Promise.all(releases)) expect(status).to.equal(200)
    }
    expect([...answers.keys()].sort()).to.include.members(['200', 'failed_lock_total_full'])
    for (const answer of answers.keys()) {
      expect(['200', 'failed_lock_total_full', 'failed_lock_semaphore_full']).to.include(answer)
    }

    let held = 0
    let highest = 0
    let grants = 0
    for (const { changes } of await readRecords()) {
      for (const { type } of changes) {
        if (type === 'granted') [held, grants] = [held + 1, grants + 1]
        if (type === 'released') held -= 1
      }
      highest = Math.max(highest, held)
    }
    expect({ held, highest, grants }).to.deep.equal({ held: 0, highest: CAP, grants: granted })
  })

  it('is the cooldown after a release, whichever is asked', async () => {
    const seconds = 3
    await start({ lock: `cooldown_seconds = ${seconds}\nwait_timeout_ms = 0` })
    const machine = (id: string) => ({ group: 'default', id })
    expect((await preReboot(urlOf(0), machine('a'))).status).to.equal(200)
    const releasedAt = performance.now()
    expect((await steadyState(urlOf(0), machine('a'))).status).to.equal(200)
    for (const index of [0, 1]) {
      const { status, kind, value } = await preReboot(urlOf(index), machine('b'))
      expect([status, kind]).to.deep.equal([423, 'failed_lock_cooldown'])
      const [what, until = ''] = value?.split('; the next is granted after about ') ?? []
      expect(what).to.equal(`a machine of this group was released less than ${seconds} seconds ago`)
      expect(Date.parse(until) - Date.now()).to.be.within(-1000, seconds * 1000)
    }
    await eventually(
      async () => expect((await preReboot(urlOf(1), machine('b'))).status).to.equal(200),
      { timeoutMs: 20_000 },
    )
    expect(performance.now() - releasedAt).to.be.at.least(seconds * 1000)
  })

  it('is the cooldown for a machine that waits at the other daemon', async () => {
    const seconds = 3
    await start({ lock: `cooldown_seconds = ${seconds}\nwait_timeout_ms = 60000` })
    const machine = (id: string) => ({ group: 'default', id })
    expect((await preReboot(urlOf(0), machine('a'))).status).to.equal(200)
    const waiting = preReboot(urlOf(1), machine('b'))
    const releasedAt = performance.now()
    expect((await steadyState(urlOf(0), machine('a'))).status).to.equal(200)
    expect((await waiting).status).to.equal(200)
    expect(performance.now() - releasedAt).to.be.at.least(seconds * 1000)
  })
})
