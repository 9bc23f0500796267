import { parseSemaphore } from '../semaphore/semaphore-document.js'
import type { Semaphore } from '../semaphore/semaphore.js'
import type { Entry, Selector, Snapshot } from '../store/store.js'
import { parsePause, type PauseRecord } from './change.js'
import { configuredSlotsKey, GLOBAL_PAUSE_KEY, pauseKey, semaphoreKey } from './keys.js'

/** A value of the store, and the revision to compare with: 0 and undefined where there is none. */
export interface Seen<T> {
  readonly value: T | undefined
  readonly revision: number
}

/** What the store holds for one group, as of one snapshot. */
export interface GroupState {
  readonly semaphore: Seen<Semaphore>
  /** How often the document was put since it was last created; 0 while there is none. */
  readonly version: number
  /** The number of slots last applied from a config; no value either if it is not readable. */
  readonly configuredSlots: Seen<number>
  /** The group's own pause. */
  readonly pause: Seen<PauseRecord>
  /** The pause of all groups. */
  readonly globalPause: Seen<PauseRecord>
}

/** A group's document that is not a semaphore. It is left as it is. */
export interface CorruptGroup {
  readonly key: string
  /** What is wrong, as the end of a sentence. */
  readonly problem: string
}

/** Finds an entry of a snapshot by its key. */
export type FindEntry = (key: string) => Entry | undefined

/** What has to be read for {@link readGroupState}. */
export function groupSelectors(group: string): Selector[] {
  return [
    { key: semaphoreKey(group) },
    { key: configuredSlotsKey(group) },
    { key: pauseKey(group) },
    { key: GLOBAL_PAUSE_KEY },
  ]
}

/** Takes one group's state out of a snapshot that covers its keys. */
export function readGroupState(snapshot: Snapshot, group: string): GroupState | CorruptGroup {
  return groupStateOf(group, (key) => snapshot.entries.find((entry) => entry.key === key))
}

/** The same, where the caller has a quicker way to find an entry. */
export function groupStateOf(group: string, find: FindEntry): GroupState | CorruptGroup {
  const key = semaphoreKey(group)
  const document = find(key)
  const parsed = document === undefined ? undefined : parseSemaphore(document.value)
  if (parsed !== undefined && 'problem' in parsed) return { key, problem: parsed.problem }
  return {
    semaphore: { value: parsed?.semaphore, revision: document?.revision ?? 0 },
    version: document?.version ?? 0,
    configuredSlots: seen(find(configuredSlotsKey(group)), parseSlots),
    pause: seen(find(pauseKey(group)), parsePause),
    globalPause: seen(find(GLOBAL_PAUSE_KEY), parsePause),
  }
}

function seen<T>(entry: Entry | undefined, parse: (text: string) => T | undefined): Seen<T> {
  if (entry === undefined) return { value: undefined, revision: 0 }
  return { value: parse(entry.value), revision: entry.revision }
}

function parseSlots(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
