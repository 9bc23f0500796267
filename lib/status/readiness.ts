import type { Clock } from '../calendar/clock.js'
import { GROUPS_PREFIX } from '../lock/keys.js'
import type { Store } from '../store/store.js'

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
  readonly #clock: Clock
  #probe: Promise<ReadinessState> | undefined
  #isStopping = false

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** From now on: not ready. */
  stop(): void {
    this.#isStopping = true
  }

  async check(): Promise<ReadinessState> {
    if (this.#isStopping) return { isReady: false, reason: 'airlock is shutting down' }
    this.#probe ??= this.#ask().finally(() => {
      this.#clock.schedule(FRESH_FOR_MS, () => {
        this.#probe = undefined
      })
    })
    return this.#probe
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
