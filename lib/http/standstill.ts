import type { Cancel, Clock } from '../calendar/clock.js'

/** How often the daemon looks whether time has passed it by, in milliseconds. */
const BEAT_MS = 250

/** Time between two looks that was not spent computing, in milliseconds, from which on it is one. */
const STANDSTILL_MS = 500

/** For how long after it requests from before may still come up, in milliseconds. */
const AFTERMATH_MS = 5_000

/**
 * Knows when the daemon has stood still: stopped, suspended, or without a processor. What it finds in
 * its sockets then may be old, and those who sent it may have gone elsewhere. One that is only busy
 * has not stood still.
 *
 * INVARIANTS: after `stop` no timer is left.
 */
export class Standstill {
  readonly #clock: Clock
  readonly #processorMs: () => number
  #lastBeatAt: number
  #lastProcessorMs = 0
  #endedAt = -Infinity
  #cancel: Cancel = () => undefined

  /** `processorMs`: the processor time that this process has used so far, in milliseconds. */
  constructor(clock: Clock, processorMs: () => number) {
    this.#clock = clock
    this.#processorMs = processorMs
    this.#lastBeatAt = clock.monotonic()
  }

  start(): void {
    this.#noteBeat()
    this.#schedule()
  }

  stop(): void {
    this.#cancel()
  }

  /** Whether requests that are read now may have come long ago. */
  mayHaveOldRequests(): boolean {
    // What is read may come before the timer that is overdue.
    this.#look()
    return this.#clock.monotonic() - this.#endedAt < AFTERMATH_MS
  }

  #schedule(): void {
    this.#cancel = this.#clock.schedule(BEAT_MS, () => {
      this.#look()
      this.#noteBeat()
      this.#schedule()
    })
  }

  #noteBeat(): void {
    this.#lastBeatAt = this.#clock.monotonic()
    this.#lastProcessorMs = this.#processorMs()
  }

  #look(): void {
    const now = this.#clock.monotonic()
    const elapsedMs = now - this.#lastBeatAt
    if (elapsedMs < STANDSTILL_MS) return
    const computedMs = this.#processorMs() - this.#lastProcessorMs
    if (elapsedMs - computedMs >= STANDSTILL_MS) this.#endedAt = now
  }
}
