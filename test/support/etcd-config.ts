import type { EtcdAccess } from './etcd-server.js'

/** What a test's config differs in. */
export interface EtcdConfigOptions {
  readonly defaultSlots?: number
  readonly groups?: readonly { readonly name: string; readonly slots?: number }[]
  /** In place of etcd's own endpoints, a proxy in front of it, say. */
  readonly endpoints?: readonly string[]
  readonly timeoutMs?: number
  /** More lines for the section `[etcd3]`. */
  readonly etcd3?: string
  /** More lines for the section `[lock]`. */
  readonly lock?: string
}

/** A config on free ports for an etcd of a test, with its certificates. */
export function etcdConfig(etcd: EtcdAccess, options: EtcdConfigOptions = {}): string {
  const { defaultSlots = 1, groups = [], endpoints, timeoutMs } = options
  const { tls } = etcd
  const lines = [
    '[service]',
    'address = "127.0.0.1"',
    'port = 0',
    '[status]',
    'address = "127.0.0.1"',
    'port = 0',
    '[etcd3]',
    `endpoints = ${JSON.stringify(endpoints ?? etcd.namedEndpoints)}`,
    ...(tls === undefined
      ? []
      : [
          `ca_cert_path = ${JSON.stringify(tls.caPath)}`,
          `client_cert_pub_path = ${JSON.stringify(tls.client.certPath)}`,
          `client_cert_key_path = ${JSON.stringify(tls.client.keyPath)}`,
        ]),
    ...(timeoutMs === undefined ? [] : [`transaction_timeout_ms = ${timeoutMs}`]),
    ...(options.etcd3 === undefined ? [] : [options.etcd3]),
    '[lock]',
    `default_slots = ${defaultSlots}`,
    ...(options.lock === undefined ? [] : [options.lock]),
    ...groups.flatMap(({ name, slots }) => [
      '[[lock.groups]]',
      `name = ${JSON.stringify(name)}`,
      ...(slots === undefined ? [] : [`slots = ${slots}`]),
    ]),
  ]
  return `${lines.join('\n')}\n`
}
