import type { Clock } from '../calendar/clock.js'
import { ALL_GROUPS } from '../lock/keys.js'
import { readEvents, type GroupEvent } from '../lock/read-events.js'
import type { GroupsSnapshot } from '../lock/store-poller.js'
import type { Store } from '../store/store.js'
import { GRACE_MS, LOOKBACK_MS, MAX_REMEMBERED, MAX_RINGS_AT_ONCE, SPREAD_MS } from './bounds.js'
import { announceChanges } from './change-announcement.js'
import type { Announcement } from './notification.js'
import { isReplica } from './replica-name.js'

/** What a change feed needs. */
export interface ChangeFeedOptions {
  readonly store: Store
  readonly clock: Clock
  readonly timeoutMs: number
  /** Whether anybody wants to hear of changes; without it nothing is read. */
  readonly isWanted: () => boolean
  /** Takes each change once, a group's in order; `afterMs` leaves them to another replica for so long. */
  readonly onChanges: (announcements: readonly Announcement[], afterMs: number) => void
}

/**
 * Finds out what changed in all groups: at once what this daemon did, and from the rings of events what
 * others did, replicas and operators. Only rings of groups that a poll has seen changed are read.
 *
 * INVARIANTS:
 * - Each change is handed on once, whichever way it comes first.
 * - What one hand did in a group, a replica or an operator, is handed on in order.
 * - Of a ring that is read for the first time, or again after nobody wanted to hear of it, only changes
 *   of the last quarter of an hour count: others were told when they happened. Their claims keep those
 *   from being told again.
 */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions
  /** Between 0 and 1; always the same, so that no look overtakes the one before it. */
  readonly #spread = Math.random()
  /** By group: revisions of what a poll saw, to tell whether something has changed since. */
  #signatures = new Map<string, string>()
  /** By group: the highest revision that has been read of its ring. */
  readonly #readUpTo = new Map<string, number>()
  readonly #made = new Set<string>()
  readonly #due = new Set<string>()
  #isStopped = false
  #underway: Promise<void> | undefined

  constructor(options: ChangeFeedOptions) {
    this.#options = options
  }

  /** Takes a change that this daemon has committed itself; returns at once. */
  made(event: GroupEvent): void {
    if (!this.#options.isWanted()) return
    this.#made.add(nameOf(event))
    const [oldest] = this.#made
    if (this.#made.size > MAX_REMEMBERED && oldest !== undefined) this.#made.delete(oldest)
    this.#options.onChanges([announceChanges(event)], 0)
  }

  /** Takes what a poll has seen, and reads the rings of what has changed. */
  observe(snapshot: GroupsSnapshot): void {
    if (this.#isStopped) return
    if (!this.#options.isWanted()) {
      this.#forget()
      return
    }
    const signatures = new Map<string, string>()
    for (const group of [...snapshot.groups.keys(), ALL_GROUPS]) {
      const state = snapshot.stateOf(group)
      if ('problem' in state) continue
      const { semaphore, pause, globalPause } = state
      const signature =
        group === ALL_GROUPS
          ? `${globalPause.revision} ${snapshot.globalPauseChangedAt}`
          : `${semaphore.revision} ${pause.revision}`
      signatures.set(group, signature)
      if (this.#signatures.get(group) !== signature) this.#due.add(group)
    }
    this.#signatures = signatures
    for (const group of this.#readUpTo.keys()) {
      if (!signatures.has(group)) this.#readUpTo.delete(group)
    }
    this.#underway ??= this.#readDue().finally(() => (this.#underway = undefined))
  }

  /** Resolves when nothing is read any more. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#underway
  }

  #forget(): void {
    this.#signatures.clear()
    this.#readUpTo.clear()
    this.#due.clear()
  }

  async #readDue(): Promise<void> {
    const { store, timeoutMs } = this.#options
    while (this.#due.size > 0 && !this.#isStopped) {
      const groups = [...this.#due].slice(0, MAX_RINGS_AT_ONCE)
      for (const group of groups) this.#due.delete(group)
      try {
        this.#take(groups, await readEvents(store, groups, timeoutMs))
      } catch {
        // The store is observed: its failure has been reported where it happened. The next poll goes on.
        for (const group of groups) this.#due.add(group)
        return
      }
    }
  }

  #take(groups: readonly string[], events: readonly GroupEvent[]): void {
    const { clock, onChanges } = this.#options
    const byReplicas: Announcement[] = []
    const byOperators: Announcement[] = []
    const before = new Map(groups.map((group) => [group, this.#readUpTo.get(group)]))
    for (const group of groups) this.#readUpTo.set(group, before.get(group) ?? 0)
    for (const event of events) {
      const { group, revision, at, by } = event
      const readUpTo = before.get(group)
      const isNew =
        readUpTo === undefined ? clock.now() - Date.parse(at) <= LOOKBACK_MS : revision > readUpTo
      this.#readUpTo.set(group, revision)
      if (!isNew || this.#made.has(nameOf(event)) || this.#isStopped) continue
      const found = isReplica(by) ? byReplicas : byOperators
      found.push(announceChanges(event))
    }
    onChanges(byOperators, this.#spread * SPREAD_MS)
    onChanges(byReplicas, GRACE_MS.base + this.#spread * GRACE_MS.jitter)
  }
}

function nameOf({ group, revision }: GroupEvent): string {
  return `${group}/${revision}`
}
