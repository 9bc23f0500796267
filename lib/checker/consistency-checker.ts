import type { CorruptGroup, GroupState } from '../lock/group-state.js'
import type { GroupSettings } from '../lock/lock-manager.js'
import type { GroupsSnapshot } from '../lock/store-poller.js'
import type { Events } from '../telemetry/events.js'

/** What does not match between the store and the configuration; a closed set. */
export interface MismatchCounts {
  /** Groups whose stored slots differ from the configured ones: an operator's doing, or a replica's. */
  readonly slots: number
  /** Configured groups that have no document yet. */
  readonly missing: number
  /** Groups whose document is not a semaphore. */
  readonly corrupt: number
  /** Groups that are not configured here, and of which machines hold slots nevertheless. */
  readonly unconfigured: number
  /** Groups with more holders than slots, after the slots were lowered. */
  readonly overfull: number
}

/**
 * Compares the store with the configuration after each poll and reports what differs, each difference
 * once until it changes. It repairs nothing: replicas with different configurations must not fight.
 * Differing slots are reported when two polls in a row have seen them, since at a start the first poll
 * sees what is about to be applied.
 */
export class ConsistencyChecker {
  #groups: readonly GroupSettings[]
  readonly #events: Events
  /** The last finding of each group, and in how many checks in a row it was seen. */
  readonly #findings = new Map<string, { finding: string; seen: number }>()

  constructor(groups: readonly GroupSettings[], events: Events) {
    this.#groups = groups
    this.#events = events
  }

  /** Compares with other groups from now on, after a reload. */
  configure(groups: readonly GroupSettings[]): void {
    this.#groups = groups
    this.#findings.clear()
  }

  check({ groups: stored }: GroupsSnapshot): MismatchCounts {
    const counts = { slots: 0, missing: 0, corrupt: 0, unconfigured: 0, overfull: 0 }
    for (const { name, slots } of this.#groups) {
      const state = stored.get(name)
      if (state !== undefined && 'problem' in state) {
        counts.corrupt += 1
        if (this.#seen(name, `corrupt ${state.problem}`) === 1) {
          this.#events.groupCorrupt(name, state.key, state.problem)
        }
        this.#events.groupNotObserved(name)
        continue
      }
      const semaphore = state?.semaphore.value
      if (semaphore === undefined) {
        counts.missing += 1
        this.#events.groupNotObserved(name)
        continue
      }
      const { totalSlots, holders } = semaphore
      this.#events.groupObserved({ group: name, totalSlots, holders: holders.length })
      if (holders.length > totalSlots) counts.overfull += 1
      if (totalSlots === slots) {
        this.#findings.delete(name)
        continue
      }
      counts.slots += 1
      if (this.#seen(name, `slots ${totalSlots}`) === 2) {
        this.#events.slotsMismatch(name, slots, totalSlots)
      }
    }
    const configured = new Set(this.#groups.map(({ name }) => name))
    const others = [...stored].filter(([name]) => !configured.has(name))
    counts.unconfigured = others.filter(([, state]) => isHeld(state)).length
    this.#events.mismatchesCounted(counts)
    return counts
  }

  #seen(group: string, finding: string): number {
    const last = this.#findings.get(group)
    const seen = last?.finding === finding ? last.seen + 1 : 1
    this.#findings.set(group, { finding, seen })
    return seen
  }
}

/** Whether machines hold slots of it; of a document that cannot be read nobody knows. */
function isHeld(state: GroupState | CorruptGroup): boolean {
  return !('problem' in state) && (state.semaphore.value?.holders ?? []).length > 0
}
