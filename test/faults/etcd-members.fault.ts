import { expect } from 'chai'
import { setTimeout as sleep } from 'node:timers/promises'
import { FaultCluster } from './fault-cluster.js'
import { bound } from './fault-report.js'

/** A daemon's default `transaction_timeout_ms`. */
const DEADLINE_MS = 3_000

/** What a request takes beside the store, on a busy machine. */
const OVERHEAD_MS = 1_000

describe('airlock under load, while members of etcd fail', () => {
  let cluster: FaultCluster

  before(async function () {
    this.timeout(150_000)
    cluster = await FaultCluster.start()
  })

  after(async function () {
    this.timeout(60_000)
    await cluster.stop()
  })

  const follower = async (): Promise<number> => ((await cluster.etcd.leader()) + 1) % 3

  it('grants again within 3 s of a killed leader', async () => {
    const { etcd } = cluster
    const leader = await etcd.leader()
    const figures = await cluster.run('kill -9 of the leader', async ({ inject, heal, note }) => {
      const begin = performance.now()
      await inject(() => etcd.kill(leader))
      await etcd.leader()
      note({ electionMs: Math.round(performance.now() - begin) })
      await sleep(5_000)
      await heal(() => etcd.restart(leader))
    })
    expect(figures.grantsResumedMs).to.be.below(bound(3_000))
  }).timeout(60_000)

  it('goes on when a follower is killed', async () => {
    const { etcd } = cluster
    const member = await follower()
    const figures = await cluster.run('kill -9 of a follower', async ({ inject, heal }) => {
      await inject(() => etcd.kill(member))
      await sleep(4_000)
      await heal(() => etcd.restart(member))
    })
    expect(figures.grantsResumedMs).to.be.below(bound(3_000))
  }).timeout(60_000)

  it('routes around a follower that stands still within 5 s', async () => {
    const { etcd } = cluster
    const member = await follower()
    const figures = await cluster.run('SIGSTOP of a follower', async ({ inject, heal }) => {
      await inject(() => etcd.pause(member))
      await sleep(8_000)
      await heal(() => etcd.resume(member))
    })
    expect(figures.longestRequestMs).to.be.below(DEADLINE_MS + bound(OVERHEAD_MS))
    expect(figures.lastFailureMs).to.be.below(bound(5_000))
    expect(figures.grantsResumedMs).to.be.below(bound(5_000))
  }).timeout(60_000)

  it('routes around a leader that stands still within 5 s', async () => {
    const { etcd } = cluster
    const leader = await etcd.leader()
    const figures = await cluster.run('SIGSTOP of the leader', async ({ inject, heal }) => {
      await inject(() => etcd.pause(leader))
      await sleep(8_000)
      await heal(() => etcd.resume(leader))
    })
    expect(figures.longestRequestMs).to.be.below(DEADLINE_MS + bound(OVERHEAD_MS))
    expect(figures.lastFailureMs).to.be.below(bound(5_000))
    expect(figures.grantsResumedMs).to.be.below(bound(5_000))
  }).timeout(60_000)

  it('grants again within 5 s after the quorum has returned', async () => {
    const { etcd } = cluster
    const members = [await etcd.leader(), await follower()]
    const figures = await cluster.run('loss of the quorum', async ({ inject, heal }) => {
      await inject(() => etcd.kill(...members))
      await sleep(4_000)
      await heal(() => etcd.restart(...members))
    })
    expect(figures.grantsAfterHealMs).to.be.below(bound(5_000))
  }).timeout(60_000)

  it('grants again by itself after a restart of the whole cluster', async () => {
    const { etcd } = cluster
    const figures = await cluster.run('restart of all members', async ({ inject, heal }) => {
      await inject(() => etcd.kill(0, 1, 2))
      await sleep(1_000)
      await heal(() => etcd.restart(0, 1, 2))
    })
    expect(figures.grantsAfterHealMs).to.be.below(bound(5_000))
  }).timeout(60_000)

  it('goes on through compaction and defragmentation', async () => {
    const figures = await cluster.run('compaction and defragmentation', async (run, observer) => {
      await run.inject(async () => cluster.compactAndDefragment(await observer.collect()))
      await sleep(1_000)
      await run.heal(async () => cluster.compactAndDefragment(await observer.collect()))
    })
    expect(figures.longestGapMs).to.be.below(bound(3_000))
  }).timeout(60_000)
})
