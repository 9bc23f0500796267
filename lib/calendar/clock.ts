/** Cancels what a {@link Clock} scheduled; calling it again does nothing. */
export type Cancel = () => void

/**
 * The only source of time and timers outside the rooms that face the process, so that tests can
 * move time by hand and two daemons in one process share nothing.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch; it may jump. For timestamps only. */
  now(): number
  /** Milliseconds since an arbitrary start; never goes backwards. For durations and deadlines. */
  monotonic(): number
  /** Calls back once after `delayMs`; a pending call does not keep the process alive. */
  schedule(delayMs: number, callback: () => void): Cancel
}

/** Resolves after `delayMs`, or as soon as `signal` is aborted; it never rejects. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve()
      return
    }
    const finish = (): void => {
      cancel()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = clock.schedule(delayMs, finish)
    signal?.addEventListener('abort', finish, { once: true })
  })
}
