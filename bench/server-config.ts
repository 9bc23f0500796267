/** A group of a server under load. */
export interface GroupConfig {
  readonly name: string
  readonly slots: number
  /** Left out, a machine is answered at once; coreos/airlock does not know the key. */
  readonly waitTimeoutMs?: number
}

/** Writes a config file with every address and port in it, because programs have other defaults. */
export function printConfig(
  ports: { readonly service: number; readonly status: number },
  etcdEndpoint: string,
  groups: readonly GroupConfig[],
): string {
  const lines = [
    '[service]',
    'address = "127.0.0.1"',
    `port = ${ports.service}`,
    'tls = false',
    '[status]',
    'enabled = true',
    'address = "127.0.0.1"',
    `port = ${ports.status}`,
    'tls = false',
    '[etcd3]',
    `endpoints = [${JSON.stringify(etcdEndpoint)}]`,
    '[lock]',
    `default_group_name = "${DEFAULT_GROUP}"`,
    'default_slots = 1',
    ...groups.flatMap(({ name, slots, waitTimeoutMs }) => [
      '[[lock.groups]]',
      `name = ${JSON.stringify(name)}`,
      `slots = ${slots}`,
      ...(waitTimeoutMs === undefined ? [] : [`wait_timeout_ms = ${waitTimeoutMs}`]),
    ]),
  ]
  return `${lines.join('\n')}\n`
}

/** A group that every server has, for asking whether it is ready. */
export const DEFAULT_GROUP = 'default'
