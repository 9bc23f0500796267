import { stringify } from 'smol-toml'
import type { Fragment } from './schema.js'
import type { ListenerSettings, Settings } from './settings.js'

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
    service: {
      address: service.address,
      port: service.port,
      ...printTls(service),
      tls_client_ca_path: service.tls === false ? undefined : service.tls.clientCaPath,
      trusted_proxies: service.trustedProxies,
      max_requests_per_minute: service.maxRequestsPerMinute,
    },
    status: {
      enabled: status.enabled,
      address: status.address,
      port: status.port,
      ...printTls(status),
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
      default_allowed_users: defaultGroup?.allowedUsers,
      default_allowed_ids: defaultGroup?.allowedIds,
      slots_source: lock.slotsSource,
      wait_timeout_ms: defaultGroup?.waitTimeoutMs ?? 0,
      waiters_max: lock.waitersMax,
      cooldown_seconds: defaultGroup?.cooldownSeconds ?? 0,
      total_slots_max: lock.totalSlotsMax,
      groups: groups.map(
        ({ name, slots, waitTimeoutMs, cooldownSeconds, allowedUsers, allowedIds }) => ({
          name,
          slots,
          wait_timeout_ms: waitTimeoutMs,
          cooldown_seconds: cooldownSeconds,
          allowed_users: allowedUsers,
          allowed_ids: allowedIds,
        }),
      ),
    },
    log: { format: log.format, level: log.level },
  }
}

function printTls({ tls, htpasswdPath }: ListenerSettings) {
  return {
    tls: tls !== false,
    tls_cert_path: tls === false ? undefined : tls.certPath,
    tls_key_path: tls === false ? undefined : tls.keyPath,
    htpasswd_path: htpasswdPath,
  }
}
