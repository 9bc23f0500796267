import { setTimeout as sleep } from 'node:timers/promises'
import { RELEASE_ATTEMPTS, RELEASE_PAUSE_MS, REQUEST_TIMEOUT_MS } from './bounds.js'
import type { Answer } from './answer.js'
import type { RequestLimits } from './send-request.js'

/** What {@link releaseSlot} works with. */
export interface Releasing {
  readonly send: (limits: RequestLimits) => Promise<Answer>
  readonly say: (line: string) => void
  /** A bound for each pause between two tries, in milliseconds. */
  readonly longestPauseMs: number
  /** Once aborted, the try under way is the last. */
  readonly signal: AbortSignal
}

/** Gives a slot back, however often that takes within bounds; resolves to whether it is given back. */
export async function releaseSlot(releasing: Releasing): Promise<boolean> {
  const { send, say, longestPauseMs, signal } = releasing
  for (let attempt = 1; ; attempt += 1) {
    // Not by the signal: a release that may still arrive is worth its time.
    const answer = await send({ timeoutMs: REQUEST_TIMEOUT_MS })
    if (answer.outcome === 'done') {
      if (attempt > 1) say('the slot is released')
      return true
    }
    const isLast = attempt === RELEASE_ATTEMPTS || signal.aborted
    const next = isLast ? '' : `; trying again (${attempt + 1} of ${RELEASE_ATTEMPTS})`
    say(`the slot could not be released: ${answer.kind}: ${answer.value}${next}`)
    if (isLast) return false
    const { first, longest } = RELEASE_PAUSE_MS
    const pauseMs = Math.min(first * 2 ** (attempt - 1), longest, longestPauseMs)
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
  }
}
