import { LISTEN_PORT, MAX_ENDPOINTS, MAX_GROUPS, SLOTS, TRANSACTION_TIMEOUT_MS } from './bounds.js'
import { key, optional, optionalOrEmpty, required, table, tables } from './field.js'
import type { Fields, FragmentOf, TableField } from './field.js'
import {
  address,
  boolean,
  choice,
  count,
  endpoint,
  groupName,
  integer,
  list,
  path,
  serverName,
  unsupportedTls,
  username,
} from './value-types.js'

/**
 * Every key of the configuration, with its type and default. The reader, the environment variables,
 * the suggestions for unknown keys and (by its type) the printer follow from this one table.
 */
export const SCHEMA = table({
  service: table({
    address: key(address(), '127.0.0.1'),
    port: key(integer(LISTEN_PORT), 3333),
    tls: key(unsupportedTls(), false),
  }),
  status: table({
    enabled: key(boolean(), true),
    address: key(address(), '127.0.0.1'),
    port: key(integer(LISTEN_PORT), 2222),
    tls: key(unsupportedTls(), false),
  }),
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
    slots_source: key(choice(['config', 'store']), 'config'),
    groups: tables({ name: required(groupName()), slots: optional(count(SLOTS)) }, MAX_GROUPS),
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
