import type { Cancel, Clock } from '../calendar/clock.js'
import type { Selector, Snapshot, Store } from '../store/store.js'
import { groupStateOf, type CorruptGroup, type GroupState } from './group-state.js'
import {
  GLOBAL_PAUSE_CHANGES_KEY,
  GLOBAL_PAUSE_KEY,
  GROUPS_PREFIX,
  parseGroupsKey,
} from './keys.js'

/** All groups in the store, seen in one snapshot. */
export interface GroupsSnapshot {
  readonly revision: number
  /** Every group that has any key. */
  readonly groups: ReadonlyMap<string, GroupState | CorruptGroup>
  /** The revision at which a pause of all groups last began or ended; 0 if none ever did. */
  readonly globalPauseChangedAt: number
  /** The state of any group, of one without a key too. */
  stateOf(group: string): GroupState | CorruptGroup
}

/** How often the store is polled, in milliseconds: while somebody waits or watches, and otherwise. */
export const POLL_INTERVAL_MS = { attentive: 500, relaxed: 15_000 }

/** How soon a failed poll is tried again, in milliseconds: an outage should be noticed to end. */
const RETRY_INTERVAL_MS = 1000

/** What a poller needs. */
export interface StorePollerOptions {
  readonly store: Store
  readonly clock: Clock
  readonly timeoutMs: number
  /** Called after each successful poll. */
  readonly onSnapshot: (snapshot: GroupsSnapshot) => void
  /** Called after each poll that failed. */
  readonly onFailure?: (error: unknown) => void
}

/**
 * Sees what others change, by reading all groups in one range again and again. The etcd client's
 * watches are no alternative: they can end, or stall, without a word.
 *
 * INVARIANTS: at most one poll is under way; after `stop` no callback comes.
 */
export class StorePoller {
  readonly #options: StorePollerOptions
  #cancel: Cancel | undefined
  #isStopped = true
  #watchers = 0
  #underway: Promise<void> | undefined

  constructor(options: StorePollerOptions) {
    this.#options = options
  }

  /** Begins with a poll at once. */
  start(): void {
    this.#isStopped = false
    this.#schedule(0)
  }

  /** Polls at once, unless a poll is under way. */
  pollNow(): void {
    if (!this.#isStopped && this.#underway === undefined) this.#schedule(0)
  }

  /** Polls attentively until the returned function is called. */
  watch(): Cancel {
    this.#watchers += 1
    if (this.#watchers === 1) this.pollNow()
    let isWatching = true
    return () => {
      if (isWatching) this.#watchers -= 1
      isWatching = false
    }
  }

  /** Resolves when no poll is under way any more. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel?.()
    await this.#underway
  }

  #schedule(delayMs: number): void {
    this.#cancel?.()
    this.#cancel = this.#options.clock.schedule(delayMs, () => {
      this.#underway = this.#poll().then((nextMs) => {
        this.#underway = undefined
        if (!this.#isStopped) this.#schedule(nextMs)
      })
    })
  }

  async #poll(): Promise<number> {
    const { store, timeoutMs, onSnapshot, onFailure } = this.#options
    try {
      const snapshot = await store.read(GROUPS_SELECTORS, timeoutMs)
      if (!this.#isStopped) onSnapshot(readGroups(snapshot))
    } catch (error) {
      // The store is observed: its failure has been logged where it happened.
      if (!this.#isStopped) onFailure?.(error)
      return RETRY_INTERVAL_MS
    }
    return this.#watchers > 0 ? POLL_INTERVAL_MS.attentive : POLL_INTERVAL_MS.relaxed
  }
}

/** What {@link readGroups} needs of a snapshot. */
export const GROUPS_SELECTORS: readonly Selector[] = [
  { prefix: GROUPS_PREFIX },
  { key: GLOBAL_PAUSE_KEY },
  { key: GLOBAL_PAUSE_CHANGES_KEY },
]

/** Takes every group out of a snapshot of {@link GROUPS_SELECTORS}. */
export function readGroups(snapshot: Snapshot): GroupsSnapshot {
  const entries = new Map(snapshot.entries.map((entry) => [entry.key, entry]))
  const names = new Set(snapshot.entries.flatMap(({ key }) => parseGroupsKey(key)?.group ?? []))
  const stateOf = (group: string): GroupState | CorruptGroup =>
    groupStateOf(group, (key) => entries.get(key))
  const groups = new Map([...names].map((name) => [name, stateOf(name)]))
  return {
    revision: snapshot.revision,
    groups,
    globalPauseChangedAt: entries.get(GLOBAL_PAUSE_CHANGES_KEY)?.revision ?? 0,
    stateOf: (name) => groups.get(name) ?? stateOf(name),
  }
}
