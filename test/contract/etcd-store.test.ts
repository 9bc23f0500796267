import { systemClock } from '../../lib/daemon/system-clock.js'
import { openStore } from '../../lib/store/open-store.js'
import type { EtcdOptions } from '../../lib/store/store-options.js'
import type { Store } from '../../lib/store/store.js'
import type { EtcdAccess } from '../support/etcd-server.js'
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
