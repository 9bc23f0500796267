import type { Cancel, Clock } from '../../lib/calendar/clock.js'

interface Timer {
  readonly dueAt: number
  readonly callback: () => void
}

/**
 * A clock that stands still until a test moves it.
 *
 * INVARIANTS:
 * - Callbacks run only inside {@link advance}, in the order in which they are due, ties in the order
 *   in which they were scheduled; each sees the time at which it was due.
 * - After each callback everything that it set going without real time or I/O has settled.
 */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>()
  #elapsedMs = 0
  #wallOffsetMs: number

  /** Starts at a wall-clock time; unless told, Monday 2026-01-05, 00:00 UTC. */
  constructor(startMs: number = Date.UTC(2026, 0, 5)) {
    this.#wallOffsetMs = startMs
  }

  /** How many callbacks are scheduled and neither run nor cancelled. */
  get pending(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#wallOffsetMs + this.#elapsedMs
  }

  monotonic(): number {
    return this.#elapsedMs
  }

  schedule(delayMs: number, callback: () => void): Cancel {
    const timer = { dueAt: this.#elapsedMs + Math.max(0, delayMs), callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Sets the wall clock, as an operator or NTP may; durations and timers are not touched. */
  jumpTo(nowMs: number): void {
    this.#wallOffsetMs = nowMs - this.#elapsedMs
  }

  /** Moves both times forward and runs what falls due, also what callbacks schedule on the way. */
  async advance(byMs: number): Promise<void> {
    const end = this.#elapsedMs + byMs
    await settle()
    for (;;) {
      const timer = this.#nextDue(end)
      if (timer === undefined) {
        break
      }
      this.#timers.delete(timer)
      this.#elapsedMs = timer.dueAt
      timer.callback()
      await settle()
    }
    this.#elapsedMs = end
  }

  #nextDue(end: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.dueAt <= end && (next === undefined || timer.dueAt < next.dueAt)) {
        next = timer
      }
    }
    return next
  }
}

/** The event loop runs every microtask, however deep the chain of promises, before an immediate. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
