import type { NodeIdentity } from '../semaphore/node-identity.js'
import type { Outcome } from './batch.js'
import { GroupLane, type GroupLaneOptions } from './group-lane.js'
import type { GroupsSnapshot } from './store-poller.js'

/** A configured group. */
export interface GroupSettings {
  readonly name: string
  readonly slots: number
}

/** What a lock manager needs: the groups, and what is the same for all of them. */
export interface LockManagerOptions extends Omit<GroupLaneOptions, 'group' | 'slots'> {
  readonly groups: readonly GroupSettings[]
}

/**
 * Locks and unlocks the semaphores of all configured groups: it finds the group's lane. Nothing else
 * in a daemon changes a semaphore.
 */
export class LockManager {
  readonly #lanes: ReadonlyMap<string, GroupLane>

  constructor({ groups, ...options }: LockManagerOptions) {
    this.#lanes = new Map(
      groups.map(({ name, slots }) => [name, new GroupLane({ ...options, group: name, slots })]),
    )
  }

  /** Takes a slot for a node; a node whose client has gone away is not granted one. */
  lock({ group, id }: NodeIdentity, isGone: () => boolean): Promise<Outcome> {
    return this.#lanes.get(group)?.lock(id, isGone) ?? Promise.resolve(unknownGroup(group))
  }

  /** Gives back a node's slot, if it holds one. */
  unlock({ group, id }: NodeIdentity): Promise<Outcome> {
    return this.#lanes.get(group)?.unlock(id) ?? Promise.resolve(unknownGroup(group))
  }

  /** Hands each lane what a poll has seen of its group. */
  observe({ groups, revision }: GroupsSnapshot): void {
    for (const [group, lane] of this.#lanes) {
      const state = groups.get(group) ?? NOTHING_STORED
      if (!('problem' in state)) lane.observe(state, revision)
    }
  }

  /** Refuses all that wait and all that come. */
  close(): void {
    for (const lane of this.#lanes.values()) lane.close()
  }
}

const NOTHING_STORED = {
  semaphore: undefined,
  revision: 0,
  version: 0,
  configuredSlots: undefined,
  configuredSlotsRevision: 0,
}

function unknownGroup(group: string): Outcome {
  return { outcome: 'refused', refusal: { kind: 'unknown_group', group } }
}
