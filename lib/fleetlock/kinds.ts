/**
 * The closed set of error kinds and the HTTP status of each. Zincati puts the kind into a metric label,
 * so there are few, and they say nothing about one request.
 *
 * Only 2xx means granted to Zincati, and any 2xx does: none of these is one. There is no 3xx either,
 * because a redirect turns its POST into a GET.
 */
export const STATUS_OF_KIND = {
  invalid_client_identity: 400,
  unknown_group: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  request_too_large: 413,
  too_many_requests: 429,
  failed_lock_semaphore_full: 423,
  failed_lock_total_full: 423,
  failed_lock_paused: 423,
  failed_lock_outside_reboot_window: 423,
  failed_lock_blackout: 423,
  failed_lock_alerts_firing: 423,
  failed_lock_check_failing: 423,
  failed_lock_cooldown: 423,
  failed_lock_gate_error: 503,
  failed_lock_withdrawn: 423,
  store_unavailable: 503,
  store_conflict: 503,
  store_corrupt: 500,
  shutting_down: 503,
  internal_error: 500,
} as const

/** An error's kind, for machines. */
export type Kind = keyof typeof STATUS_OF_KIND

/** An error as it is answered: `kind` for machines, `value` a sentence for people. */
export interface ErrorReply {
  readonly kind: Kind
  readonly value: string
}

/** The body of an error's answer. */
export function printErrorReply({ kind, value }: ErrorReply): string {
  return JSON.stringify({ kind, value })
}
