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
  /** A later steady-state of the same node overtook its waiting pre-reboot. */
  | { readonly kind: 'withdrawn' }
  /** `reason` is a sentence about the store, for the log and the answer; it names no secret. */
  | { readonly kind: 'store_unavailable'; readonly reason: string }
  | { readonly kind: 'store_conflict'; readonly attempts: number }
  | { readonly kind: 'store_corrupt'; readonly key: string; readonly problem: string }
  | { readonly kind: 'unknown_group'; readonly group: string }
  | { readonly kind: 'shutting_down' }

/** A refusal's name, as metrics and exit codes know it. */
export type RefusalKind = Refusal['kind']
