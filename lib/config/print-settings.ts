import { stringify } from 'smol-toml'
import type { Fragment } from './schema.js'
import type { Settings } from './settings.js'

/**
 * The settings in force as a configuration file, which parses to the same settings. No key holds a
 * secret itself (passwords are in files); one that did would have to be hidden here.
 */
export function printSettings(settings: Settings): string {
  return stringify(toFragment(settings))
}

/** Every key of the schema must be named here, or this does not compile; undefined is left out. */
function toFragment({ service, status, store, lock, log }: Settings): Fragment {
  const etcd = store.kind === 'etcd' ? store : undefined
  const [defaultGroup, ...groups] = lock.groups
  return {
    service: { address: service.address, port: service.port, tls: service.tls },
    status: {
      enabled: status.enabled,
      address: status.address,
      port: status.port,
      tls: status.tls,
    },
    store: { kind: store.kind, path: store.kind === 'embedded' ? store.path : undefined },
    etcd3: {
      endpoints: etcd?.endpoints,
      client_cert_pub_path: etcd?.clientCertPath,
      client_cert_key_path: etcd?.clientKeyPath,
      ca_cert_path: etcd?.caCertPath,
      server_name: etcd?.serverName,
      username: etcd?.username,
      password_path: etcd?.passwordPath,
      transaction_timeout_ms: store.transactionTimeoutMs,
    },
    lock: {
      default_group_name: lock.defaultGroupName,
      default_slots: defaultGroup?.slots ?? 0,
      slots_source: lock.slotsSource,
      groups: groups.map(({ name, slots }) => ({ name, slots })),
    },
    log: { format: log.format, level: log.level },
  }
}
