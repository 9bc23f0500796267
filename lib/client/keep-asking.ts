import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, NotDone } from './answer.js'
import { LAST_REQUEST_TIMEOUT_MS, RETRY_JITTER } from './bounds.js'
import type { RequestLimits } from './send-request.js'

/** How long to ask for, and how often. Durations are milliseconds. */
export interface Pace {
  /** 0: one request; Infinity: until it is done. */
  readonly waitMs: number
  /** From the beginning of one request to that of the next, before the jitter. */
  readonly retryIntervalMs: number
  /** Longest time for one request. */
  readonly timeoutMs: number
}

/** What {@link keepAsking} works with. */
export interface Asking extends Pace {
  readonly send: (limits: RequestLimits) => Promise<Answer>
  /** Told of each answer after which it is asked again, and the first of several equal ones only. */
  readonly onNotYet: (answer: NotDone) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks until it is done, until an answer says that asking again is of no use, or until the wait is
 * over, with a last request at its end. Requests begin at least an interval apart, so a server that
 * lets requests wait is asked again at once.
 */
export async function keepAsking(asking: Asking): Promise<Answer> {
  const { waitMs, retryIntervalMs, timeoutMs, send, onNotYet, signal } = asking
  const end = performance.now() + waitMs
  const isInterrupted = (): boolean => signal?.aborted ?? false
  let mayBeDone = false
  let told: string | undefined
  for (;;) {
    const began = performance.now()
    const allowedMs = Math.max(end - began, LAST_REQUEST_TIMEOUT_MS)
    const limitMs = waitMs === 0 ? timeoutMs : Math.min(timeoutMs, allowedMs)
    const answer = await send({ timeoutMs: limitMs, signal })
    if (answer.outcome === 'done') return answer
    // A node that holds is never refused, so a clear refusal settles what was lost before.
    mayBeDone = answer.mayBeDone || (mayBeDone && answer.outcome !== 'refused')
    const last = { ...answer, mayBeDone }
    const leftMs = end - performance.now()
    if (answer.outcome === 'broken' || isInterrupted()) return last
    // Timers may be up to a millisecond early.
    if (leftMs < 1) return waitMs > 0 ? afterTheWait(last) : last

    const line = `${answer.kind}: ${answer.value}`
    if (line !== told) onNotYet(answer)
    told = line
    const intervalMs = retryIntervalMs * (1 + RETRY_JITTER * Math.random())
    const pauseMs = Math.min(intervalMs - (performance.now() - began), leftMs)
    await sleep(Math.max(0, Math.ceil(pauseMs)), undefined, { signal }).catch(() => undefined)
    if (isInterrupted()) return last
  }
}

/** A server that let the last request wait until we had no more time is well, and has refused. */
function afterTheWait(answer: NotDone): NotDone {
  return answer.kind === 'timeout' ? { ...answer, outcome: 'refused' } : answer
}
