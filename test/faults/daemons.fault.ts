import { expect } from 'chai'
import { setTimeout as sleep } from 'node:timers/promises'
import { getRaw } from '../support/etcdctl.js'
import { preReboot, steadyState } from '../support/fleetlock-request.js'
import { FaultCluster } from './fault-cluster.js'
import { bound } from './fault-report.js'

/** How often a daemon of the suite is killed. */
const KILLS = 20

describe('airlock under load, while its daemons fail', () => {
  let cluster: FaultCluster

  before(async function () {
    this.timeout(150_000)
    cluster = await FaultCluster.start()
  })

  after(async function () {
    this.timeout(60_000)
    await cluster.stop()
  })

  it(`loses nothing when a daemon is killed at a random moment, ${KILLS} times`, async () => {
    const figures = await cluster.run(`kill -9 of daemons, ${KILLS} times`, async (run) => {
      await run.inject(() => Promise.resolve())
      for (let kill = 0; kill < KILLS; kill++) {
        await sleep(Math.random() * 400)
        await cluster.daemons[kill % 3]?.killAndRestart()
      }
    })
    expect(figures.grantsResumedMs).to.be.below(bound(3_000))
  }).timeout(240_000)

  it('loses nothing when a daemon stands still beyond its deadlines, and then goes on', async () => {
    const figures = await cluster.run(
      'SIGSTOP of a daemon',
      async ({ inject, heal }) => {
        const [supervised] = cluster.daemons
        await inject(() => Promise.resolve(supervised?.daemon.signal('SIGSTOP')))
        await sleep(6_000)
        await heal(() => Promise.resolve(supervised?.daemon.signal('SIGCONT')))
        await sleep(2_000)
      },
      { requestTimeoutMs: 3_500 },
    )
    expect(figures.grantsAfterHealMs).to.be.below(bound(5_000))
  }).timeout(60_000)

  it('keeps a holder whose old, abandoned release a daemon finds when it goes on', async () => {
    const [still, other] = cluster.urls
    const [{ daemon } = expect.fail('no daemon')] = cluster.daemons
    const machine = { group: 'one', id: 'a machine' }
    expect((await preReboot(still ?? '', machine)).status).to.equal(200)
    daemon.signal('SIGSTOP')
    const abandoned = await steadyState(still ?? '', machine, { timeoutMs: 1_000 }).catch(String)
    expect(abandoned).to.include('aborted')
    expect((await steadyState(other ?? '', machine)).status).to.equal(200)
    expect((await preReboot(other ?? '', machine)).status).to.equal(200)
    daemon.signal('SIGCONT')
    await sleep(1_000)
    const stored = await getRaw(cluster.etcd, 'com.coreos.airlock/groups/one/v1/semaphore')
    expect((await steadyState(other ?? '', machine)).status).to.equal(200)
    expect(stored?.value).to.equal('{"total_slots":1,"holders":["a machine"]}')
  })
})

describe('airlock under load, with clocks that differ by an hour', () => {
  const SHIFTS_MS = [1_800_000, -1_800_000, 0]
  let cluster: FaultCluster

  before(async function () {
    this.timeout(150_000)
    const preload = new URL('shift-clock.js', import.meta.url).href
    cluster = await FaultCluster.start({
      daemon: (index) => ({
        nodeArgs: ['--import', preload],
        environment: { AIRLOCK_CLOCK_SHIFT_MS: String(SHIFTS_MS[index]) },
      }),
    })
  })

  after(async function () {
    this.timeout(60_000)
    await cluster.stop()
  })

  it('grants as ever, also when etcd changes its leader', async () => {
    for (const [index, { daemon }] of cluster.daemons.entries()) {
      const line = await daemon.logged(/airlock is ready/)
      const time = Date.parse(/^time="([^"]+)"/.exec(line)?.[1] ?? '')
      expect(time - Date.now()).to.be.closeTo(SHIFTS_MS[index] ?? 0, 60_000)
    }
    const leader = await cluster.etcd.leader()
    const figures = await cluster.run('clocks an hour apart', async ({ inject, heal }) => {
      await inject(() => cluster.etcd.kill(leader))
      await sleep(4_000)
      await heal(() => cluster.etcd.restart(leader))
    })
    expect(figures.grantsResumedMs).to.be.below(bound(3_000))
  }).timeout(60_000)
})
