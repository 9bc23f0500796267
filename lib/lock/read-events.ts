import type { Entry, Store } from '../store/store.js'
import type { Change, ChangeRecord } from './change.js'
import { EVENTS_PREFIX, eventsPrefix, queryUnescape } from './keys.js'

/** A record of the events ring, and where in the order of all changes it stands. */
export interface GroupEvent extends ChangeRecord {
  readonly revision: number
  /** `*` for what concerned all groups. */
  readonly group: string
}

/**
 * Reads what the rings of events still have, of one group or of all, oldest first. A record that cannot
 * be read is passed over: the ring explains, it decides nothing.
 *
 * @throws StoreError `unavailable`
 */
export async function readEvents(
  store: Store,
  groups: readonly string[] | undefined,
  timeoutMs: number,
): Promise<readonly GroupEvent[]> {
  const prefixes = groups?.map((group) => eventsPrefix(group)) ?? [EVENTS_PREFIX]
  const { entries } = await store.read(
    prefixes.map((prefix) => ({ prefix })),
    timeoutMs,
  )
  return eventsOf(entries)
}

/** Takes the records of rings out of entries, oldest first; other entries are passed over. */
export function eventsOf(entries: readonly Entry[]): readonly GroupEvent[] {
  return entries
    .filter(({ key }) => key.startsWith(EVENTS_PREFIX))
    .flatMap(({ key, value, revision }) => {
      const escaped = key.slice(EVENTS_PREFIX.length).split('/')[0] ?? ''
      const group = queryUnescape(escaped)
      const record = parseChangeRecord(value)
      return group === undefined || record === undefined ? [] : { revision, group, ...record }
    })
    .sort((left, right) => left.revision - right.revision)
}

function parseChangeRecord(text: string): ChangeRecord | undefined {
  try {
    const { at, by, changes } = JSON.parse(text) as Partial<Record<keyof ChangeRecord, unknown>>
    if (typeof at !== 'string' || typeof by !== 'string' || !Array.isArray(changes))
      return undefined
    return { at, by, changes: changes.filter(isChange) }
  } catch {
    return undefined
  }
}

function isChange(value: unknown): value is Change {
  return typeof value === 'object' && value !== null && 'type' in value
}
