import type { GroupGates } from '../gates/gate.js'
import type { NodeIdentity } from '../semaphore/node-identity.js'
import type { Refusal } from '../semaphore/refusal.js'
import type { Outcome } from './batch.js'
import { GroupLane, type GroupLaneOptions, type Waiters } from './group-lane.js'
import type { Client } from './pending-request.js'
import type { LaneSettings, SlotsSource } from './plan-commit.js'
import { Turnstile } from './turnstile.js'
import { WaiterLimit } from './waiting-room.js'
import type { GroupsSnapshot } from './store-poller.js'

/** A configured group. */
export interface GroupSettings {
  readonly name: string
  readonly slots: number
  /** How long a pre-reboot may wait for a slot, in milliseconds. */
  readonly waitTimeoutMs: number
  /** Seconds between a release and the group's next grant. */
  readonly cooldownSeconds?: number | undefined
}

/** The groups as they are configured, and who decides over their slots. */
export interface LockSettings {
  readonly groups: readonly GroupSettings[]
  readonly slotsSource: SlotsSource
  /** How many pre-reboots may wait for a slot, over all groups. */
  readonly waitersMax: number
  /** Most slots that all groups together may hold. */
  readonly totalSlotsMax?: number | undefined
  /** The gates of a group, if it has any. */
  readonly gatesOf?: (group: string) => GroupGates | undefined
}

/** What machines can ask for. */
export type Locks = Pick<LockManager, 'lock' | 'unlock'>

/** What is the same for all lanes. */
export type LockManagerOptions = Omit<
  GroupLaneOptions,
  'group' | 'settings' | 'waiterLimit' | 'turnstile'
>

/**
 * Locks and unlocks the semaphores of all groups: it finds the group's lane. Nothing else in a daemon
 * changes a semaphore, but a stale release, which says so where its end is not known.
 *
 * INVARIANTS:
 * - Each configured group has a lane, from the start on.
 * - A group that is not configured has one only while the store has the group: its machines may still
 *   give back what they hold, since a machine whose steady-state is refused never updates again.
 */
export class LockManager {
  readonly #options: LockManagerOptions
  readonly #waiterLimit = new WaiterLimit(0)
  readonly #turnstile = new Turnstile()
  readonly #configured = new Map<string, GroupLane>()
  readonly #leftOver = new Map<string, GroupLane>()
  #hasSeenStore = false
  #isClosed = false

  constructor(settings: LockSettings, options: LockManagerOptions) {
    this.#options = options
    this.configure(settings)
  }

  /** Puts other settings in force, at a reload: groups come, change their slots, and go. */
  configure(settings: LockSettings): void {
    const { groups, slotsSource, waitersMax, totalSlotsMax, gatesOf } = settings
    this.#waiterLimit.max = waitersMax
    const names = new Set(groups.map(({ name }) => name))
    for (const [name, lane] of this.#configured) {
      if (names.has(name)) continue
      this.#configured.delete(name)
      lane.configure(undefined)
      this.#leftOver.set(name, lane)
    }
    for (const { name, ...group } of groups) {
      const settings = { ...group, slotsSource, totalSlotsMax, gates: gatesOf?.(name) }
      const lane = this.#configured.get(name) ?? this.#leftOver.get(name)
      lane?.configure(settings)
      this.#leftOver.delete(name)
      this.#configured.set(name, lane ?? this.#createLane(name, settings))
    }
  }

  /** Takes a slot for a node; a node whose client has gone away is not granted one. */
  lock({ group, id }: NodeIdentity, client: Client): Promise<Outcome> {
    const lane = this.#configured.get(group)
    return lane?.lock(id, client) ?? refused({ kind: 'unknown_group', group })
  }

  /** Gives back a node's slot, if it holds one; not for a client that has gone away. */
  unlock({ group, id }: NodeIdentity, client: Client): Promise<Outcome> {
    const lane = this.#configured.get(group) ?? this.#leftOver.get(group)
    if (lane !== undefined) return lane.unlock(id, client)
    return refused(
      this.#hasSeenStore
        ? { kind: 'unknown_group', group }
        : { kind: 'store_unavailable', reason: 'it has not been seen yet which groups it has' },
    )
  }

  /** Hands each lane what a poll has seen of its group. */
  observe(snapshot: GroupsSnapshot): void {
    this.#hasSeenStore = true
    for (const name of this.#leftOver.keys()) {
      if (!snapshot.groups.has(name)) this.#leftOver.delete(name)
    }
    for (const name of snapshot.groups.keys()) {
      if (this.#configured.has(name) || this.#leftOver.has(name)) continue
      this.#leftOver.set(name, this.#createLane(name, undefined))
    }
    for (const [name, lane] of [...this.#configured, ...this.#leftOver]) {
      const state = snapshot.stateOf(name)
      if (!('problem' in state)) lane.observe(state, snapshot.revision)
    }
  }

  /** Who waits for a slot of a group at this replica: how many, and the first `count` of them. */
  waitersOf(group: string, count: number): Waiters {
    return this.#configured.get(group)?.waiters(count) ?? { waiting: 0, first: [] }
  }

  /** A stale release may have happened, or may yet happen: the group is answered once that is fenced. */
  noteUncertain(group: string, reason: string): void {
    const lane = this.#configured.get(group) ?? this.#leftOver.get(group)
    lane?.noteUncertain(reason)
  }

  /** Refuses all that wait for a slot, and lets nobody wait any more; the rest is served on. */
  endWaiting(): void {
    for (const lane of this.#lanes()) lane.endWaiting()
  }

  /** Refuses all that is not under way, and all that comes. */
  close(): void {
    this.#isClosed = true
    for (const lane of this.#lanes()) lane.close()
  }

  #lanes(): readonly GroupLane[] {
    return [...this.#configured.values(), ...this.#leftOver.values()]
  }

  #createLane(group: string, settings: LaneSettings | undefined): GroupLane {
    const lane = new GroupLane({
      ...this.#options,
      group,
      settings,
      waiterLimit: this.#waiterLimit,
      turnstile: this.#turnstile,
    })
    if (this.#isClosed) lane.close()
    return lane
  }
}

function refused(refusal: Refusal): Promise<Outcome> {
  return Promise.resolve({ outcome: 'refused', refusal })
}
