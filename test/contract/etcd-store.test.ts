import { expect } from 'chai'
import { systemClock } from '../../lib/daemon/system-clock.js'
import { openStore } from '../../lib/store/open-store.js'
import type { StoreError } from '../../lib/store/store-error.js'
import type { EtcdOptions } from '../../lib/store/store-options.js'
import type { Store } from '../../lib/store/store.js'
import { startEtcd, type EtcdAccess, type EtcdServer } from '../support/etcd-server.js'
import { sharedEtcd } from '../support/shared-etcd.js'
import { uniqueGroup } from '../support/unique-group.js'
import { describeStoreContract } from './store-contract.js'

/** Opens a store as the daemon does. */
async function open(etcd: EtcdAccess): Promise<Store> {
  const { tls } = etcd
  const options: EtcdOptions = {
    kind: 'etcd',
    endpoints: etcd.namedEndpoints,
    isSecure: tls !== undefined,
    caCertPath: tls?.caPath,
    clientCertPath: tls?.client.certPath,
    clientKeyPath: tls?.client.keyPath,
  }
  const opened = await openStore(options, { clock: systemClock, environment: {} })
  if ('problems' in opened) throw new Error(JSON.stringify(opened.problems))
  return opened.store
}

for (const kind of ['plain', 'mutual-tls'] as const) {
  describeStoreContract(`EtcdStore, ${kind}`, async () => {
    const etcd = await sharedEtcd(kind)
    return {
      store: await open(etcd),
      another: () => open(etcd),
      prefix: `contract/${uniqueGroup()}/`,
    }
  })
}

describe('EtcdStore on an etcd that runs out of space', () => {
  let etcd: EtcdServer
  let store: Store

  before(async () => {
    // With a batch of one, its size is known after each transaction, not ten times a second.
    etcd = await startEtcd({
      extraArgs: [`--quota-backend-bytes=${2 * 1024 * 1024}`, '--backend-batch-limit=1'],
    })
    store = await open(etcd)
  })

  after(async () => {
    await store.close()
    await etcd.stop()
  })

  // All of them are let in while there is space. Once it has ended, etcd says of those that are still
  // to be applied that it has not enough, and applies them.
  it('says of no write that it was not done, which is there', async () => {
    const keys = Array.from({ length: 60 }, (_, index) => `space/${index}`)
    const puts = keys.map((key) => ({ key, value: 'x'.repeat(60_000) }))
    const results = await Promise.allSettled(
      puts.map((put) => store.commit({ unchanged: [], puts: [put], deletes: [] }, 8_000)),
    )
    const { entries } = await store.read([{ prefix: 'space/' }], 8_000)
    const present = new Set(entries.map(({ key }) => key))
    const failures = results
      .filter((_, index) => present.has(keys[index] ?? ''))
      .flatMap((result) => (result.status === 'rejected' ? [result.reason as StoreError] : []))
    expect(failures.map(String).join('\n')).to.include('out of space (NOSPACE)')
    expect(new Set(failures.map(({ kind }) => kind))).to.deep.equal(new Set(['unknown']))
  })
})
