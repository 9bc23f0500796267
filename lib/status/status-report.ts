import type { GateName } from '../gates/gate.js'
import type { Kind } from '../fleetlock/kinds.js'

/**
 * What the status service shows: `/status.json` carries it as it is, and the page is drawn from it.
 * Times are RFC 3339 in UTC. `version` grows when a field changes its meaning or goes; new fields may
 * come at any time.
 */
export interface StatusReport {
  readonly version: 1
  /** When this was put together. */
  readonly at: string
  /** Whose waiters and refusals these are. */
  readonly replica: { readonly host: string; readonly version: string }
  readonly store: StoreReport
  /** Everything is paused; null: it is not. */
  readonly paused: PauseReport | null
  /** The cap over all groups (`lock.total_slots_max`), and how many are held (null: not known yet); null without one. */
  readonly cap: { readonly slots: number; readonly held: number | null } | null
  /** Sorted by name: all that are configured, and those the store has besides. */
  readonly groups: readonly GroupReport[]
  /** Who held when, as it began; from the rings of events, which have each group's last 128 changes. */
  readonly timeline: readonly HoldReport[]
}

export interface StoreReport {
  /** What it is, without credentials. */
  readonly description: string
  readonly reachable: boolean
  /** Of which the groups are one snapshot, the last that was seen; null before the first. */
  readonly revision: number | null
  /** When that was read. While the store cannot be reached the groups are as they were then. */
  readonly seen_at: string | null
  /** How long the last read took, in milliseconds. */
  readonly latency_ms: number | null
  /** The last failure, which may be over. */
  readonly last_error: { readonly at: string; readonly reason: string } | null
  /** Each by itself; empty for the embedded store. */
  readonly endpoints: readonly {
    readonly endpoint: string
    readonly answers: boolean
    readonly latency_ms: number | null
    /** Why it does not answer. */
    readonly error: string | null
  }[]
}

export interface PauseReport {
  readonly reason: string
  readonly since: string
  readonly by: string
}

export interface GroupReport {
  readonly name: string
  /** Whether it is in this replica's configuration; without that it only takes slots back. */
  readonly configured: boolean
  /** What is stored; the configured number before anything is. */
  readonly slots: number
  /** What this replica's configuration says; null where it does not have the group. */
  readonly configured_slots: number | null
  /** Null, here and in the next two, before the store was seen: nobody knows who holds then. */
  readonly held: number | null
  readonly free: number | null
  readonly stale: number | null
  readonly paused: PauseReport | null
  /** Why the stored document cannot be read. */
  readonly problem: string | null
  /** A machine was released (`since`; null: unknown), and the group rests for `seconds` from then. */
  readonly cooldown: { readonly since: string | null; readonly seconds: number } | null
  /** Oldest first; those of unknown age last. */
  readonly holders: readonly HolderReport[]
  /** How many wait for a slot at this replica. */
  readonly waiting: number
  /** The first of them, in their order. */
  readonly waiters: readonly {
    readonly id: string
    readonly name: string | null
    readonly since: string
    readonly reason: string | null
  }[]
  /** Whom this replica has refused within the last hour and who does not hold, the last one first. */
  readonly refused: readonly RefusedReport[]
  /** Null where there are no windows and no blackouts. */
  readonly calendar: CalendarReport | null
  /** What each gate said last; they are asked only while a machine wants a slot. */
  readonly gates: readonly {
    readonly gate: GateName
    readonly state: 'not_asked' | 'open' | 'closed' | 'error' | 'ignored_error'
    readonly since: string | null
    readonly asked_at: string | null
    readonly reason: string | null
  }[]
}

export interface HolderReport {
  readonly id: string
  /** From `[nodes]`. */
  readonly name: string | null
  readonly since: string | null
  readonly by: string | null
  /** Where `since` is null: at least, as this replica has seen it; null where it has not yet. */
  readonly held_seconds: number | null
  readonly stale: boolean
}

export interface RefusedReport {
  readonly id: string
  readonly name: string | null
  /** When it was first refused since it was last granted, and when last. */
  readonly since: string
  readonly at: string
  readonly kind: Kind
  readonly reason: string
}

export interface CalendarReport {
  readonly time_zone: string
  /** Whether machines may take slots by windows and blackouts. */
  readonly open: boolean
  /** When that changes next; null: not as far as is known. */
  readonly changes_at: string | null
  /** The blackout that is on. */
  readonly blackout: { readonly reason: string; readonly until: string } | null
}

/** One machine's time of holding a slot. */
export interface HoldReport {
  readonly group: string
  readonly id: string
  readonly name: string | null
  /** Null: it began before what the ring still has. */
  readonly from: string | null
  /** Null: it holds still; with `ended`, nobody has recorded when it ended. */
  readonly to: string | null
  /** How it ended: `released`, `unlocked by …`, `not recorded`; null while it holds. */
  readonly ended: string | null
}
