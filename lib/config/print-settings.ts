import { stringify } from 'smol-toml'
import {
  printBlackouts,
  printCalendar,
  printDefaultCalendar,
  printGates,
  type Printed,
} from './print-gates.js'
import type { Fragment } from './schema.js'
import type { GroupSettings, ListenerSettings, Settings } from './settings.js'

/**
 * The settings in force as a configuration file, which parses to the same settings. No key holds a
 * secret itself (passwords are in files) but a webhook's URL, which whoever reads this can read anyway.
 */
export function printSettings(settings: Settings): string {
  return stringify(withoutUnset(toFragment(settings) ?? {}))
}

/** Leaves out what is undefined, and tables in which nothing else is. */
function withoutUnset(table: object): object {
  const entries = Object.entries(table).flatMap(([key, value]: [string, unknown]) => {
    if (value === undefined) return []
    if (Array.isArray(value)) {
      return [[key, value.map((item) => (isTable(item) ? withoutUnset(item) : (item as unknown)))]]
    }
    if (!isTable(value)) return [[key, value]]
    const child = withoutUnset(value)
    return Object.keys(child).length === 0 ? [] : [[key, child]]
  })
  return Object.fromEntries(entries) as object
}

function isTable(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Every key of the schema must be named here, or this does not compile; undefined is left out. */
function toFragment(settings: Settings): Printed<Fragment> {
  const { service, status, nodes, store, lock, gates, notify, log } = settings
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
      nodes_path: status.nodesPath,
    },
    nodes,
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
      stale_after_minutes: defaultGroup?.staleAfterMinutes ?? 0,
      default_stale_release: printStaleRelease(defaultGroup),
      ...printDefaultCalendar(defaultGroup),
      blackout: printBlackouts(gates),
      groups: groups.map((group) => ({
        name: group.name,
        slots: group.slots,
        wait_timeout_ms: group.waitTimeoutMs,
        cooldown_seconds: group.cooldownSeconds,
        stale_after_minutes: group.staleAfterMinutes,
        stale_release: printStaleRelease(group),
        ...printCalendar(group, defaultGroup),
        allowed_users: group.allowedUsers,
        allowed_ids: group.allowedIds,
      })),
    },
    gates: printGates(gates),
    notify: {
      refused_for_longer_than_minutes: notify.refusedForLongerThanMinutes,
      webhook: notify.webhooks.map(({ url, events, secretPath, timeoutMs, caCertPath }) => ({
        url,
        events,
        secret_path: secretPath,
        timeout_ms: timeoutMs,
        ca_cert_path: caCertPath,
      })),
    },
    log: { format: log.format, level: log.level },
  }
}

function printStaleRelease(group: GroupSettings | undefined) {
  return {
    after_minutes: group?.staleRelease?.afterMinutes,
    at_most_per_day: group?.staleRelease?.atMostPerDay,
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
