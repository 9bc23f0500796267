/**
 * Why a request was not done. A closed set: whoever answers a node, prints a line or counts a metric
 * switches over `kind` and the compiler finds what is missing.
 */
export type Refusal =
  | { readonly kind: 'semaphore_full'; readonly totalSlots: number; readonly holders: number }
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
