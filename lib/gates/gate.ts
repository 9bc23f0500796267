import type { GateRefusal } from '../semaphore/refusal.js'

/** Whether a machine of a group may take a slot now, as one gate, or all of them, see it. */
export type Verdict =
  | {
      readonly verdict: 'open'
      /** Why it could not be asked, where it is configured to be open then. */
      readonly trouble?: string
    }
  | {
      readonly verdict: 'closed'
      readonly refusal: GateRefusal
      /** When it opens by itself, in milliseconds since the epoch; undefined where nobody can know. */
      readonly opensAt?: number
    }

/** All gates of one group, asked together. */
export interface GroupGates {
  /** Never rejects, and is bounded in time. */
  ask(): Promise<Verdict>
}

/** The kinds of gates, as metric labels and log fields; a closed set. */
export const GATE_NAMES = ['reboot_window', 'blackout', 'prometheus', 'http'] as const

/** The name of a kind of gate. */
export type GateName = (typeof GATE_NAMES)[number]

/** Says whether machines may take slots now. It is asked once for all machines that wait at a moment. */
export interface Gate {
  readonly name: GateName
  /**
   * Asks at `now` (milliseconds since the epoch). It never rejects: one that cannot be asked answers
   * `closed` with a `gate_error`, unless it is configured to be open then. Bounded by its own timeout.
   */
  ask(group: string, now: number): Promise<Verdict>
}
