import type { Clock } from '../calendar/clock.js'
import { GROUPS_PREFIX } from '../lock/keys.js'
import type { Store } from '../store/store.js'
import { SharedAnswer } from './shared-answer.js'

/** Whether requests can be served now, or why not. */
export type ReadinessState =
  { readonly isReady: true } | { readonly isReady: false; readonly reason: string }

/** How long one answer stands for all that ask, in milliseconds: probes must not load the store. */
const FRESH_FOR_MS = 1000

/** Longest time that a probe waits for the store, in milliseconds; probers give up soon. */
const PROBE_TIMEOUT_MS = 2000

/** Finds out whether the store can be reached, by a read when somebody asks. */
export class Readiness {
  readonly #store: Store
  readonly #probe: SharedAnswer<ReadinessState>
  #isStopping = false

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#probe = new SharedAnswer({ clock, freshForMs: FRESH_FOR_MS, make: () => this.#ask() })
  }

  /** From now on: not ready. */
  stop(): void {
    this.#isStopping = true
  }

  async check(): Promise<ReadinessState> {
    if (this.#isStopping) return { isReady: false, reason: 'airlock is shutting down' }
    return this.#probe.get()
  }

  async #ask(): Promise<ReadinessState> {
    try {
      await this.#store.read([{ key: GROUPS_PREFIX }], PROBE_TIMEOUT_MS)
      return { isReady: true }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return { isReady: false, reason: `the store cannot be used: ${reason}` }
    }
  }
}
