import type { HoldAge, HoldToJudge } from '../checker/stale-checker.js'
import type { Waiters } from '../lock/group-lane.js'
import type { RefusedMachine } from '../lock/refused-machines.js'
import type { CalendarState } from './calendar-state.js'
import type { GroupReport } from './status-report.js'

/** A configured group. */
export interface StatusGroup {
  readonly name: string
  readonly slots: number
  readonly calendar: CalendarState
}

/** What is configured, as far as it is shown. */
export interface StatusSettings {
  readonly groups: readonly StatusGroup[]
  readonly totalSlotsMax?: number | undefined
}

/** What a replica knows beside the store; all of it is at hand. */
export interface Replica {
  readonly host: string
  readonly version: string
  /** How many wait for a slot of a group, and the first `count` of them. */
  waitersOf(group: string, count: number): Waiters
  /** The gates of a group, in the order in which they count. */
  gatesOf(group: string): GroupReport['gates']
  /** How a hold stands by what has been seen of it. */
  ageOf(hold: HoldToJudge): HoldAge
  /** What people call a node. */
  nameOf(id: string): string | undefined
  /** Whom it has refused lately, the last one first. */
  refused(): readonly RefusedMachine[]
}
