import { setTimeout as sleep } from 'node:timers/promises'

/** How long {@link eventually} waits, and how often it looks, in milliseconds. */
export interface EventuallyOptions {
  /** 5 s unless told. */
  readonly timeoutMs?: number
  /** 20 ms unless told. */
  readonly intervalMs?: number
}

/**
 * Calls an assertion until it passes, and resolves to what it returned. After the bound it rejects
 * with the last failure as the cause; an assertion that does not settle counts as one.
 */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  { timeoutMs = 5_000, intervalMs = 20 }: EventuallyOptions = {},
): Promise<T> {
  const end = performance.now() + timeoutMs
  for (;;) {
    let failure: unknown
    try {
      return await within(assertion, end - performance.now())
    } catch (error) {
      failure = error
    }
    if (performance.now() + intervalMs >= end) {
      const reason = failure instanceof Error ? failure.message : String(failure)
      throw new Error(`not so within ${timeoutMs} ms: ${reason}`, { cause: failure })
    }
    await sleep(intervalMs)
  }
}

async function within<T>(assertion: () => T | Promise<T>, timeoutMs: number): Promise<T> {
  const stop = new AbortController()
  const tooLate = sleep(Math.max(1, timeoutMs), undefined, { signal: stop.signal }).then(() => {
    throw new Error('the assertion did not settle')
  })
  // Aborting rejects the timer after the race is over.
  tooLate.catch(() => undefined)
  try {
    return await Promise.race([assertion(), tooLate])
  } finally {
    stop.abort()
  }
}
