import { expect } from 'chai'
import { systemClock } from '../../lib/daemon/system-clock.js'
import { openStore } from '../../lib/store/open-store.js'
import type { EndpointHealth, Store } from '../../lib/store/store.js'
import { certificates } from '../support/certificates.js'
import { startEtcd, type EtcdServer } from '../support/etcd-server.js'
import { eventually } from '../support/eventually.js'

const TIMEOUT_MS = 1000

describe('the endpoints of a cluster of etcd', () => {
  let etcd: EtcdServer
  let store: Store

  before(async () => {
    const { caPath, client, server } = await certificates()
    etcd = await startEtcd({ size: 3, tls: { caPath, client, server } })
    const opened = await openStore(
      {
        kind: 'etcd',
        endpoints: etcd.namedEndpoints,
        isSecure: true,
        caCertPath: caPath,
        clientCertPath: client.certPath,
        clientKeyPath: client.keyPath,
      },
      { clock: systemClock, environment: {} },
    )
    if ('problems' in opened) throw new Error(JSON.stringify(opened.problems))
    store = opened.store
  })

  after(async () => {
    await store.close()
    await etcd.stop()
  })

  /** Every reason by the number of its endpoint; undefined for those that answer. */
  async function reasons(): Promise<(string | undefined)[]> {
    const found = await store.probe(TIMEOUT_MS)
    expect(found.map(({ endpoint }) => endpoint)).to.deep.equal(etcd.namedEndpoints)
    return found.map((health: EndpointHealth) => ('error' in health ? health.error : undefined))
  }

  it('answer each by itself, and say how soon', async () => {
    for (const health of await store.probe(TIMEOUT_MS)) {
      expect('latencyMs' in health ? health.latencyMs : health.error).to.be.within(0.01, TIMEOUT_MS)
    }
  })

  it('are told apart when one is frozen, one is gone, and one is left alone', async () => {
    await etcd.pause(1)
    await etcd.kill(2)
    await eventually(async () => {
      const [alone, frozen, gone] = await reasons()
      expect(alone).to.equal('it sees no leader of its cluster')
      expect(frozen).to.equal('etcd did not answer in time')
      expect(gone).to.match(/^nothing listens at 127\.0\.0\.1:\d+ \(connection refused\)$/)
    })
  })

  it('keep their reasons while their clients set them aside', async () => {
    for (let probe = 0; probe < 5; probe += 1) {
      const [, frozen, gone] = await reasons()
      expect(frozen).to.equal('etcd did not answer in time')
      expect(gone).to.match(/^nothing listens at 127\.0\.0\.1:\d+ \(connection refused\)$/)
    }
  })

  it('are found answering again when they do', async () => {
    await etcd.resume(1)
    await etcd.restart(2)
    await eventually(async () => {
      expect(await reasons()).to.deep.equal([undefined, undefined, undefined])
    })
  })
})
