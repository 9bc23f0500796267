import type { Clock } from '../calendar/clock.js'
import { OUTDATED_FOR_MS } from './bounds.js'

/** What is to be shared. */
export interface SharedAnswerOptions<T> {
  readonly clock: Clock
  /** How long an answer stands from its beginning on, in milliseconds. */
  readonly freshForMs: number
  /** Makes an answer; it must not reject. */
  readonly make: () => Promise<T>
}

/**
 * One answer for all who ask at about the same time.
 *
 * INVARIANTS: at most one is being made at a time; what is outdated still stands for
 * {@link OUTDATED_FOR_MS} from its beginning on, so that a flood of changes does not load the store.
 */
export class SharedAnswer<T> {
  readonly #options: SharedAnswerOptions<T>
  #answer: Promise<T> | undefined
  #beganAt = 0
  #isUnderway = false
  #isOutdated = false

  constructor(options: SharedAnswerOptions<T>) {
    this.#options = options
  }

  /** Whether something has changed since the last answer was begun. */
  get isOutdated(): boolean {
    return this.#isOutdated
  }

  get(): Promise<T> {
    const { clock, freshForMs } = this.#options
    const standsForMs = this.#isOutdated ? Math.min(OUTDATED_FOR_MS, freshForMs) : freshForMs
    const stands = this.#isUnderway || clock.monotonic() - this.#beganAt < standsForMs
    if (this.#answer === undefined || !stands) this.#answer = this.#begin()
    return this.#answer
  }

  /** What has been answered, or is being made, does not show a change. */
  outdate(): void {
    this.#isOutdated = true
  }

  async #begin(): Promise<T> {
    this.#beganAt = this.#options.clock.monotonic()
    this.#isUnderway = true
    this.#isOutdated = false
    try {
      return await this.#options.make()
    } finally {
      this.#isUnderway = false
    }
  }
}
