import { expect } from 'chai'
import { setTimeout as sleep } from 'node:timers/promises'
import { putRaw } from '../support/etcdctl.js'
import { preReboot } from '../support/fleetlock-request.js'
import { FaultCluster } from './fault-cluster.js'
import { bound } from './fault-report.js'

const QUOTA_BYTES = 16 * 1024 * 1024
const MEBIBYTE = 1024 * 1024

describe('airlock under load, while etcd is out of space', () => {
  let cluster: FaultCluster

  before(async function () {
    this.timeout(150_000)
    cluster = await FaultCluster.start({ etcdArgs: [`--quota-backend-bytes=${QUOTA_BYTES}`] })
  })

  after(async function () {
    this.timeout(60_000)
    await cluster.stop()
  })

  it('says so until an operator has made room, and then goes on by itself', async () => {
    const figures = await cluster.run('etcd out of space', async (run, observer) => {
      await run.inject(() => fillUp(cluster))
      await sleep(1_000)
      const since = performance.now()
      const url = cluster.urls[0] ?? ''
      const refused = await preReboot(url, { group: 'default', id: 'a' })
      expect([refused.status, refused.kind]).to.deep.equal([503, 'store_unavailable'])
      expect(refused.value).to.include('etcd is out of space (NOSPACE): compact, defragment')
      await sleep(2_000)
      expect(run.fleet.grants.filter(({ at }) => at > since)).to.deep.equal([])
      for (const { daemon } of cluster.daemons) {
        await daemon.logged(/level=warn.*the store cannot be used.*out of space \(NOSPACE\)/)
      }
      await run.heal(async () => {
        await cluster.compactAndDefragment(await observer.collect())
        await disarm(cluster)
      })
    })
    expect(figures.grantsAfterHealMs).to.be.below(bound(5_000))
    for (const { daemon } of cluster.daemons) await daemon.logged(/the store answers again/)
  }).timeout(90_000)
})

/** Writes a key of somebody else's over and over, until etcd has no more room for its revisions. */
async function fillUp(cluster: FaultCluster): Promise<void> {
  for (let written = 0; written < 4 * QUOTA_BYTES; written += MEBIBYTE) {
    try {
      await putRaw(cluster.etcd, 'foreign/filler', 'x'.repeat(MEBIBYTE))
    } catch (error) {
      expect(String(error)).to.include('database space exceeded')
      return
    }
  }
  throw new Error('etcd did not run out of space')
}

interface Alarms {
  readonly alarms?: readonly { readonly memberID: string; readonly alarm: string }[]
}

/** `etcdctl alarm disarm` */
async function disarm(cluster: FaultCluster): Promise<void> {
  const path = '/v3/maintenance/alarm'
  const { alarms = [] } = await cluster.maintain<Alarms>(0, path, { action: 'GET' })
  expect(alarms.map(({ alarm }) => alarm)).to.include('NOSPACE')
  for (const alarm of alarms) await cluster.maintain(0, path, { action: 'DEACTIVATE', ...alarm })
}
