/** What an embedded store's config says besides the ports, which are any free ones. */
export interface EmbeddedConfigOptions {
  /** Where the store is; unless told, in the daemon's own folder, which goes with it. */
  readonly path?: string
  /** Slots by group, besides the default group with its one slot. */
  readonly groups?: Readonly<Record<string, number>>
  /** TOML to end with. */
  readonly more?: string
}

/** The text of a config on the embedded store, to run a daemon with. */
export function embeddedConfig({
  path = 'airlock.db',
  groups = {},
  more = '',
}: EmbeddedConfigOptions = {}): string {
  const tables = Object.entries(groups).map(
    ([name, slots]) => `[[lock.groups]]\nname = ${JSON.stringify(name)}\nslots = ${slots}`,
  )
  return `
[service]
port = 0
[status]
port = 0
[store]
kind = "embedded"
path = ${JSON.stringify(path)}
${tables.join('\n')}
${more}
`
}
