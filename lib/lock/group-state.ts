import { parseSemaphore } from '../semaphore/semaphore-document.js'
import { hasFreeSlot, type Semaphore } from '../semaphore/semaphore.js'
import type { Entry, Selector, Snapshot } from '../store/store.js'
import { parsePause, type PauseRecord } from './change.js'
import { parseCooldown, type Cooldown } from './cooldown.js'
import {
  configuredSlotsKey,
  cooldownKey,
  GLOBAL_PAUSE_KEY,
  GROUPS_PREFIX,
  parseGroupsKey,
  pauseKey,
  semaphoreKey,
} from './keys.js'

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
  /** There while the group cools down after a release. */
  readonly cooldown: Seen<Cooldown>
  /** How many slots all other groups hold, where that was read too, or why nobody can count them. */
  readonly others?: { readonly held: number; readonly asOf: number } | CorruptGroup
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
    { key: cooldownKey(group) },
  ]
}

/** What has to be read for {@link readCappedState}: all groups. */
export const CAPPED_SELECTORS: readonly Selector[] = [
  { prefix: GROUPS_PREFIX },
  { key: GLOBAL_PAUSE_KEY },
]

/** One group's state with what all others hold; another's document that cannot be read hides that. */
export function readCappedState(snapshot: Snapshot, group: string): GroupState | CorruptGroup {
  const state = readGroupState(snapshot, group)
  if ('problem' in state) return state
  let held = 0
  for (const { key, value } of snapshot.entries) {
    const parsedKey = parseGroupsKey(key)
    if (parsedKey?.part !== 'semaphore' || parsedKey.group === group) continue
    const parsed = parseSemaphore(value)
    if ('problem' in parsed) return { ...state, others: { key, problem: parsed.problem } }
    held += parsed.semaphore.holders.length
  }
  return { ...state, others: { held, asOf: snapshot.revision } }
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
    cooldown: seen(find(cooldownKey(group)), parseCooldown),
  }
}

function seen<T>(entry: Entry | undefined, parse: (text: string) => T | undefined): Seen<T> {
  if (entry === undefined) return { value: undefined, revision: 0 }
  return { value: parse(entry.value), revision: entry.revision }
}

function parseSlots(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** Whether somebody who waits could be granted a slot in this state. */
export function mayGrant(state: GroupState): boolean {
  const semaphore = state.semaphore.value
  return heldUpSince(state) === 0 && (semaphore === undefined || hasFreeSlot(semaphore))
}

/** The latest revision of what holds all up, however many slots are free; 0 if nothing does. */
export function heldUpSince({ pause, globalPause, cooldown }: GroupState): number {
  return Math.max(pause.revision, globalPause.revision, cooldown.revision)
}
