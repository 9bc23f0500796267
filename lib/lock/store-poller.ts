import type { Cancel, Clock } from '../calendar/clock.js'
import type { Entry, Snapshot, Store } from '../store/store.js'
import { groupStateOf, type CorruptGroup, type GroupState } from './group-state.js'
import { GROUPS_PREFIX, parseGroupsKey } from './keys.js'

/** All groups in the store, seen in one snapshot. */
export interface GroupsSnapshot {
  readonly revision: number
  readonly groups: ReadonlyMap<string, GroupState | CorruptGroup>
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

  /** Polls attentively until the returned function is called. */
  watch(): Cancel {
    this.#watchers += 1
    if (this.#watchers === 1 && !this.#isStopped && this.#underway === undefined) this.#schedule(0)
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
    const { store, timeoutMs, onSnapshot } = this.#options
    try {
      const snapshot = await store.read([{ prefix: GROUPS_PREFIX }], timeoutMs)
      if (!this.#isStopped) onSnapshot(readGroups(snapshot))
    } catch {
      // The store is observed: its failure has been reported where it happened.
      return RETRY_INTERVAL_MS
    }
    return this.#watchers > 0 ? POLL_INTERVAL_MS.attentive : POLL_INTERVAL_MS.relaxed
  }
}

/** Takes every group out of a snapshot of {@link GROUPS_PREFIX}. */
export function readGroups(snapshot: Snapshot): GroupsSnapshot {
  const parts = new Map<string, Map<string, Entry>>()
  for (const entry of snapshot.entries) {
    const parsed = parseGroupsKey(entry.key)
    if (parsed === undefined) continue
    const group = parts.get(parsed.group) ?? new Map<string, Entry>()
    parts.set(parsed.group, group.set(parsed.part, entry))
  }
  const groups = new Map<string, GroupState | CorruptGroup>()
  for (const [group, entries] of parts) {
    const document = entries.get('semaphore')
    const key = document?.key ?? group
    groups.set(group, groupStateOf(key, document, entries.get('configured-slots')))
  }
  return { revision: snapshot.revision, groups }
}
