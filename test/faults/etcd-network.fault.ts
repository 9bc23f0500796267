import { expect } from 'chai'
import { setTimeout as sleep } from 'node:timers/promises'
import { steadyState } from '../support/fleetlock-request.js'
import type { TcpProxy } from '../support/tcp-proxy.js'
import { FaultCluster } from './fault-cluster.js'
import { bound } from './fault-report.js'

describe('airlock under load, while the way to etcd fails', () => {
  let cluster: FaultCluster

  before(async function () {
    this.timeout(150_000)
    cluster = await FaultCluster.start()
  })

  after(async function () {
    this.timeout(60_000)
    await cluster.stop()
  })

  const each = (proxies: readonly TcpProxy[], action: (proxy: TcpProxy) => Promise<void>) =>
    Promise.all(proxies.map(action))

  it('goes on elsewhere while one daemon is isolated, and there too when it no longer is', async () => {
    const [proxies = []] = cluster.proxies
    const figures = await cluster.run('isolation of a daemon', async ({ inject, heal, note }) => {
      await inject(() => each(proxies, (proxy) => proxy.blackhole()))
      await sleep(5_000)
      await heal(() => each(proxies, (proxy) => proxy.pass()))
      const servedAgainMs = await untilServed(cluster.urls[0] ?? '')
      expect(servedAgainMs).to.be.below(bound(5_000))
      note({ servedAgainMs })
    })
    expect(figures.grantsResumedMs).to.be.below(bound(5_000))
  }).timeout(60_000)

  it('loses nothing while the answers of etcd to one daemon are lost', async () => {
    const [, proxies = []] = cluster.proxies
    const figures = await cluster.run('answers lost', async ({ inject, heal, note }) => {
      await inject(() => each(proxies, (proxy) => proxy.dropReplies()))
      await sleep(4_000)
      await heal(() => each(proxies, (proxy) => proxy.pass()))
      const servedAgainMs = await untilServed(cluster.urls[1] ?? '')
      expect(servedAgainMs).to.be.below(bound(5_000))
      note({ servedAgainMs })
    })
    expect(figures.grantsResumedMs).to.be.below(bound(5_000))
  }).timeout(60_000)

  it('grants on while every answer of etcd takes long, as with a slow disk', async () => {
    const figures = await cluster.run('slow disk, 200 ms', async ({ inject, heal }) => {
      await inject(() => each(cluster.proxies.flat(), (proxy) => proxy.delay(100)))
      await sleep(4_000)
      await heal(() => each(cluster.proxies.flat(), (proxy) => proxy.pass()))
    })
    expect(figures.grantsResumedMs).to.be.below(bound(3_000))
  }).timeout(60_000)

  it('loses nothing while etcd does everything too late, and goes on after', async () => {
    const figures = await cluster.run('slow disk, 1000 ms', async ({ inject, heal }) => {
      await inject(() => each(cluster.proxies.flat(), (proxy) => proxy.delay(500)))
      await sleep(6_000)
      await heal(() => each(cluster.proxies.flat(), (proxy) => proxy.pass()))
    })
    expect(figures.grantsAfterHealMs).to.be.below(bound(5_000))
  }).timeout(60_000)
})

/** Until a daemon answers again, in milliseconds. */
async function untilServed(url: string): Promise<number> {
  const begin = performance.now()
  for (;;) {
    const answer = await steadyState(url, { group: 'default', id: 'a stranger' })
    if (answer.status === 200) return Math.round(performance.now() - begin)
    expect([answer.status, answer.kind]).to.deep.equal([503, 'store_unavailable'])
    await sleep(50)
  }
}
