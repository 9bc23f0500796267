import { printable } from '../terminal/printable.js'

/**
 * What came of a request.
 *
 * - `done`: granted, or released.
 * - `refused`: not now; the server is well and says so.
 * - `unavailable`: no server, or one in trouble; it may be better later.
 * - `broken`: asking again will not help before somebody changes something.
 */
export type Answer = { readonly outcome: 'done' } | NotDone

/** Why a request was not done: `kind` for machines, `value` a sentence for people. */
export interface NotDone {
  readonly outcome: 'refused' | 'unavailable' | 'broken'
  readonly kind: string
  readonly value: string
  /** Whether the server may have done it all the same: its answer was lost, or it was in trouble. */
  readonly mayBeDone: boolean
}

/** An HTTP answer, as far as FleetLock looks at it. */
export interface HttpAnswer {
  readonly status: number
  readonly body: string
  /** Of a redirect. */
  readonly location?: string | undefined
}

/** Statuses that mean "later", with or without a FleetLock error: two servers each answer 423 and 409. */
const LATER = [408, 409, 423, 429]

/** Reads an answer; `url` is what was asked, without credentials. */
export function readAnswer(url: string, { status, body, location }: HttpAnswer): Answer {
  if (status >= 200 && status < 300) return { outcome: 'done' }
  if (status >= 300 && status < 400) {
    const target = location === undefined ? '' : ` to ${printable(location)}`
    const value = `${url} answered ${status}, a redirect${target}; redirects are not followed, because they turn a POST into a GET: correct the URL`
    return { outcome: 'broken', kind: `generic_http_${status}`, value, mayBeDone: false }
  }
  const error = parseErrorReply(body)
  const isServerError = status >= 500
  const isLater = LATER.includes(status) || (isServerError && error !== undefined)
  return {
    outcome: isLater ? 'refused' : isServerError ? 'unavailable' : 'broken',
    kind: error?.kind ?? `generic_http_${status}`,
    value: error?.value ?? `${url} answered ${status}, without a FleetLock error`,
    mayBeDone: isServerError,
  }
}

/** Reads `{"kind":"…","value":"…"}`, whatever the content type; undefined if it is something else. */
export function parseErrorReply(
  body: string,
): { readonly kind: string; readonly value: string } | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const { kind, value } = parsed as { readonly kind?: unknown; readonly value?: unknown }
  if (typeof kind !== 'string' || typeof value !== 'string') return undefined
  return { kind: printable(kind), value: printable(value) }
}
