/**
 * Why a request was not done. A closed set: whoever answers a node, prints a line or counts a metric
 * switches over `kind` and the compiler finds what is missing.
 */
export type Refusal =
  | { readonly kind: 'semaphore_full'; readonly totalSlots: number; readonly holders: number }
  /** An operator has paused the group, or all of them; `since` is RFC 3339, `by` is `user@host`. */
  | {
      readonly kind: 'paused'
      readonly scope: 'group' | 'all'
      readonly reason: string
      readonly since: string
      readonly by: string
    }
  /** The cap over all groups is reached. */
  | { readonly kind: 'total_full'; readonly max: number; readonly held: number }
  /**
   * A machine of the group was released a moment ago; `seconds` is what is configured, `until` RFC 3339
   * by the clock of who released it, or null where that cannot be read.
   */
  | { readonly kind: 'cooldown'; readonly seconds: number; readonly until: string | null }
  | GateRefusal
  /** A later steady-state of the same node overtook its waiting pre-reboot. */
  | { readonly kind: 'withdrawn' }
  /** `reason` is a sentence about the store, for the log and the answer; it names no secret. */
  | { readonly kind: 'store_unavailable'; readonly reason: string }
  | { readonly kind: 'store_conflict'; readonly attempts: number }
  | { readonly kind: 'store_corrupt'; readonly key: string; readonly problem: string }
  | { readonly kind: 'unknown_group'; readonly group: string }
  | { readonly kind: 'shutting_down' }

/** Why a gate lets no machine take a slot now. Times are RFC 3339, or null where there is none. */
export type GateRefusal =
  | { readonly kind: 'outside_reboot_window'; readonly opensAt: string | null }
  | { readonly kind: 'blackout'; readonly until: string; readonly reason: string }
  | { readonly kind: 'alerts_firing'; readonly alerts: readonly string[] }
  | { readonly kind: 'check_failing'; readonly check: string; readonly reason: string }
  /** A gate could not be asked, and fails closed. */
  | { readonly kind: 'gate_error'; readonly gate: string; readonly reason: string }

/** A refusal's name, as metrics and exit codes know it. */
export type RefusalKind = Refusal['kind']
