import type { Clock } from '../calendar/clock.js'
import { LEASE_SLACK_SECONDS, MAX_REMEMBERED } from './bounds.js'

/**
 * Keeps what goes on from being claimed each time it is seen. It has to be offered again and again: an
 * older claim, for something like it, may stand when it begins, and would silence it for good.
 *
 * INVARIANTS: a name is due once while a claim lasts, and a little longer; at most
 * {@link MAX_REMEMBERED} are remembered, and one that is forgotten is due too early.
 */
export class Reminders {
  readonly #clock: Clock
  /** When each is due again; monotonic. */
  readonly #dueAt = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether something may be offered now; then it may not be again until its claim has ended. */
  isDue(name: string, claimSeconds: number): boolean {
    const now = this.#clock.monotonic()
    if (now < (this.#dueAt.get(name) ?? -Infinity)) return false
    this.#dueAt.delete(name)
    this.#dueAt.set(name, now + (claimSeconds + LEASE_SLACK_SECONDS) * 1000)
    const [oldest] = this.#dueAt.keys()
    if (this.#dueAt.size > MAX_REMEMBERED && oldest !== undefined) this.#dueAt.delete(oldest)
    return true
  }
}
