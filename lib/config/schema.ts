import {
  COOLDOWN_SECONDS,
  DEFAULT_STALE_AFTER_MINUTES,
  LISTEN_PORT,
  MAX_ALLOWED_NAMES,
  MAX_ENDPOINTS,
  MAX_GROUPS,
  MAX_PROXIES,
  MAX_WEBHOOKS,
  REFUSED_MINUTES,
  REQUESTS_PER_MINUTE,
  SLOTS,
  STALE_AFTER_MINUTES,
  STALE_RELEASE_MINUTES,
  STALE_RELEASES_PER_DAY,
  TRANSACTION_TIMEOUT_MS,
  WAIT_TIMEOUT_MS,
  WAITERS,
  WEBHOOK_TIMEOUT_MS,
} from './bounds.js'
import { key, optional, optionalOrEmpty, required, table, tables } from './field.js'
import type { Fields, FragmentOf, TableField } from './field.js'
import { BLACKOUTS, GATES, WINDOWS } from './gate-schema.js'
import { NODES } from './node-names.js'
import { timeZone } from './gate-value-types.js'
import { WEBHOOK_EVENTS } from './webhook-events.js'
import {
  address,
  allowedList,
  boolean,
  choice,
  choices,
  count,
  endpoint,
  groupName,
  integer,
  list,
  namePattern,
  network,
  path,
  serverName,
  username,
  webhookUrl,
} from './value-types.js'

const allowedUsers = allowedList(namePattern('a user'), MAX_ALLOWED_NAMES)
const staleRelease = table({
  after_minutes: optional(integer(STALE_RELEASE_MINUTES)),
  at_most_per_day: optional(integer(STALE_RELEASES_PER_DAY)),
})
const allowedIds = allowedList(namePattern('an id'), MAX_ALLOWED_NAMES)

/**
 * Every key of the configuration, with its type and default. The reader, the environment variables,
 * the suggestions for unknown keys and (by its type) the printer follow from this one table.
 */
export const SCHEMA = table({
  service: table({
    address: key(address(), '127.0.0.1'),
    port: key(integer(LISTEN_PORT), 3333),
    tls: key(boolean(), false),
    tls_cert_path: optional(path()),
    tls_key_path: optional(path()),
    tls_client_ca_path: optional(path()),
    htpasswd_path: optional(path()),
    trusted_proxies: key(list(network(), MAX_PROXIES), []),
    max_requests_per_minute: key(integer(REQUESTS_PER_MINUTE), 0),
  }),
  status: table({
    enabled: key(boolean(), true),
    address: key(address(), '127.0.0.1'),
    port: key(integer(LISTEN_PORT), 2222),
    tls: key(boolean(), false),
    tls_cert_path: optional(path()),
    tls_key_path: optional(path()),
    htpasswd_path: optional(path()),
    nodes_path: optional(path()),
  }),
  nodes: NODES,
  etcd3: table({
    endpoints: optional(list(endpoint(), MAX_ENDPOINTS)),
    client_cert_pub_path: optionalOrEmpty(path()),
    client_cert_key_path: optionalOrEmpty(path()),
    ca_cert_path: optional(path()),
    server_name: optional(serverName()),
    username: optional(username()),
    password_path: optional(path()),
    transaction_timeout_ms: key(integer(TRANSACTION_TIMEOUT_MS), 3000),
  }),
  store: table({
    kind: optional(choice(['etcd', 'embedded'])),
    path: optional(path()),
  }),
  lock: table({
    default_group_name: key(groupName(), 'default'),
    default_slots: key(count(SLOTS), 1),
    default_allowed_users: optional(allowedUsers),
    default_allowed_ids: optional(allowedIds),
    slots_source: key(choice(['config', 'store']), 'config'),
    wait_timeout_ms: key(integer(WAIT_TIMEOUT_MS), 0),
    waiters_max: key(integer(WAITERS), 10_000),
    cooldown_seconds: key(integer(COOLDOWN_SECONDS), 0),
    total_slots_max: optional(integer(SLOTS)),
    stale_after_minutes: key(integer(STALE_AFTER_MINUTES), DEFAULT_STALE_AFTER_MINUTES),
    default_stale_release: staleRelease,
    time_zone: optional(timeZone()),
    window: WINDOWS,
    blackout: BLACKOUTS,
    groups: tables(
      {
        name: required(groupName()),
        slots: optional(count(SLOTS)),
        wait_timeout_ms: optional(integer(WAIT_TIMEOUT_MS)),
        cooldown_seconds: optional(integer(COOLDOWN_SECONDS)),
        stale_after_minutes: optional(integer(STALE_AFTER_MINUTES)),
        stale_release: staleRelease,
        time_zone: optional(timeZone()),
        window: WINDOWS,
        allowed_users: optional(allowedUsers),
        allowed_ids: optional(allowedIds),
      },
      MAX_GROUPS,
    ),
  }),
  gates: GATES,
  notify: table({
    refused_for_longer_than_minutes: key(integer(REFUSED_MINUTES), 60),
    webhook: tables(
      {
        url: required(webhookUrl()),
        events: required(choices(WEBHOOK_EVENTS)),
        secret_path: optional(path()),
        timeout_ms: key(integer(WEBHOOK_TIMEOUT_MS), 5000),
        ca_cert_path: optional(path()),
      },
      MAX_WEBHOOKS,
    ),
  }),
  log: table({
    format: key(choice(['logfmt', 'json']), 'logfmt'),
    level: key(choice(['error', 'warn', 'info', 'debug', 'trace']), 'warn'),
  }),
})

/** What a file and the environment say, key by key, before the keys are judged together. */
export type Fragment = FragmentOf<(typeof SCHEMA)['fields']>

/** The TOML path of a key, or of a list of tables. */
export type KeyPath = PathsOf<(typeof SCHEMA)['fields']>

type PathsOf<F extends Fields> = {
  [K in keyof F & string]: F[K] extends TableField<infer G> ? `${K}.${PathsOf<G>}` : K
}[keyof F & string]
