/** All keys of airlock, coreos/airlock's and ours. */
const PREFIX = 'com.coreos.airlock/'

/** Everything that belongs to groups' semaphores; one range over it shows every group. */
export const GROUPS_PREFIX = `${PREFIX}groups/`

/** The semaphore's document, which coreos/airlock reads and writes too. */
export function semaphoreKey(group: string): string {
  return `${GROUPS_PREFIX}${queryEscape(group)}/v1/semaphore`
}

/** The number of slots that was last applied from a config. */
export function configuredSlotsKey(group: string): string {
  return `${GROUPS_PREFIX}${queryEscape(group)}/v1/configured-slots`
}

/** Only there while the group is paused: since when, by whose hand and why. */
export function pauseKey(group: string): string {
  return `${GROUPS_PREFIX}${queryEscape(group)}/v1/pause`
}

/** Only there for the configured time after a release: etcd removes it by its own clock. */
export function cooldownKey(group: string): string {
  return `${GROUPS_PREFIX}${queryEscape(group)}/v1/cooldown`
}

/** How many stale holders have been released on a day, where that is allowed. */
export function staleReleasesKey(group: string): string {
  return `${GROUPS_PREFIX}${queryEscape(group)}/v1/stale-releases`
}

/** Only there while all groups are paused. */
export const GLOBAL_PAUSE_KEY = `${PREFIX}pause/v1`

/**
 * Put whenever a pause of all groups begins or ends: its version numbers their ring, as a semaphore's
 * does its group's, and its revision shows a pause that has ended again between two looks.
 */
export const GLOBAL_PAUSE_CHANGES_KEY = `${PREFIX}pause/v1/changes`

/** Below it, the records of all groups' holders. */
export const HOLDERS_PREFIX = `${PREFIX}holders/`

/** Below it, one key a holder. */
export function holdersPrefix(group: string): string {
  return `${HOLDERS_PREFIX}${queryEscape(group)}/v1/`
}

/** Since when and by whose hand a node holds its slot. */
export function holderKey(group: string, id: string): string {
  return `${holdersPrefix(group)}${queryEscape(id)}`
}

/** Below it, the rings of all groups. */
export const EVENTS_PREFIX = `${PREFIX}events/`

/** Below it, the ring of the group's last changes. */
export function eventsPrefix(group: string): string {
  return `${EVENTS_PREFIX}${queryEscape(group)}/v1/`
}

/** Says that a replica has taken it upon itself to send a notification; gone when its lease ends. */
export function notificationKey(name: string): string {
  return `${PREFIX}notifications/v1/${name}`
}

/** How many changes of a group the ring keeps. */
export const EVENT_RING_SIZE = 128

/** Stands for all groups where a group is named; no group can have this name. */
export const ALL_GROUPS = '*'

/**
 * Where the change that made the semaphore's `version` is recorded; for {@link ALL_GROUPS} that of
 * {@link GLOBAL_PAUSE_CHANGES_KEY}.
 */
export function eventKey(group: string, version: number): string {
  return `${eventsPrefix(group)}${version % EVENT_RING_SIZE}`
}

/** The group and the part of a key below {@link GROUPS_PREFIX}; undefined for any other key. */
export function parseGroupsKey(key: string): { group: string; part: string } | undefined {
  const match = /^([^/]+)\/v1\/([^/]+)$/.exec(key.slice(GROUPS_PREFIX.length))
  if (!key.startsWith(GROUPS_PREFIX) || match === null) return undefined
  const [, escaped = '', part = ''] = match
  const group = queryUnescape(escaped)
  return group === undefined ? undefined : { group, part }
}

/** Escapes as Go's url.QueryEscape, which coreos/airlock uses for group names. */
export function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

/** The reverse of {@link queryEscape}; undefined for what it cannot have made. */
export function queryUnescape(escaped: string): string | undefined {
  try {
    return decodeURIComponent(escaped.replaceAll('+', '%20'))
  } catch {
    return undefined
  }
}
