import { parseSemaphore } from '../semaphore/semaphore-document.js'
import type { Semaphore } from '../semaphore/semaphore.js'
import type { Entry, Selector, Snapshot } from '../store/store.js'
import { configuredSlotsKey, semaphoreKey } from './keys.js'

/** What the store holds for one group, as of one snapshot. */
export interface GroupState {
  /** Undefined while the group has no document. */
  readonly semaphore: Semaphore | undefined
  /** Of the semaphore's document; 0 while there is none. */
  readonly revision: number
  /** How often the document was put since it was last created; 0 while there is none. */
  readonly version: number
  /** The number of slots last applied from a config; undefined if none was, or it is not readable. */
  readonly configuredSlots: number | undefined
  /** Of the configured slots' key; 0 while there is none. */
  readonly configuredSlotsRevision: number
}

/** A group's document that is not a semaphore. It is left as it is. */
export interface CorruptGroup {
  readonly key: string
  /** What is wrong, as the end of a sentence. */
  readonly problem: string
}

/** What has to be read for {@link readGroupState}. */
export function groupSelectors(group: string): Selector[] {
  return [{ key: semaphoreKey(group) }, { key: configuredSlotsKey(group) }]
}

/** Takes one group's state out of a snapshot that covers its keys. */
export function readGroupState(snapshot: Snapshot, group: string): GroupState | CorruptGroup {
  const key = semaphoreKey(group)
  const slotsKey = configuredSlotsKey(group)
  const find = (wanted: string): Entry | undefined =>
    snapshot.entries.find((entry) => entry.key === wanted)
  return groupStateOf(key, find(key), find(slotsKey))
}

/** The same from the two entries, where the caller has already found them. */
export function groupStateOf(
  key: string,
  document: Entry | undefined,
  configured: Entry | undefined,
): GroupState | CorruptGroup {
  const slots = {
    configuredSlots: configured === undefined ? undefined : parseSlots(configured.value),
    configuredSlotsRevision: configured?.revision ?? 0,
  }
  if (document === undefined) return { semaphore: undefined, revision: 0, version: 0, ...slots }
  const parsed = parseSemaphore(document.value)
  if ('problem' in parsed) return { key, problem: parsed.problem }
  const { revision, version } = document
  return { semaphore: parsed.semaphore, revision, version, ...slots }
}

function parseSlots(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
