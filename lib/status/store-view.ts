import type { Clock } from '../calendar/clock.js'
import { EVENTS_PREFIX } from '../lock/keys.js'
import { overviewOf, OVERVIEW_SELECTORS, type Overview } from '../lock/overview.js'
import { eventsOf, type GroupEvent } from '../lock/read-events.js'
import { readGroups } from '../lock/store-poller.js'
import type { EndpointHealth, Store } from '../store/store.js'
import { FRESH_FOR_MS, PROBE_FRESH_FOR_MS, PROBE_TIMEOUT_MS, READ_TIMEOUT_MS } from './bounds.js'
import { fingerprintOf } from './groups-fingerprint.js'
import { SharedAnswer } from './shared-answer.js'

/** What was read of the store, all at one revision. */
export interface SeenStore {
  readonly overview: Overview
  readonly events: readonly GroupEvent[]
  /** Of the groups. */
  readonly fingerprint: string
  /** When that was, in milliseconds since the epoch, and how long it took. */
  readonly at: number
  readonly latencyMs: number
}

/** How the store is, and what was seen of it last. */
export interface StoreSight {
  readonly isReachable: boolean
  readonly seen: SeenStore | undefined
  readonly lastError: { readonly at: number; readonly reason: string } | undefined
  readonly endpoints: readonly EndpointHealth[]
}

/** What a view of the store needs. */
export interface StoreViewOptions {
  readonly store: Store
  readonly clock: Clock
  /** Hard bound in milliseconds on how long a request waits for the store. */
  readonly timeoutMs: number
}

/** Looks at the whole store for people, and remembers what it has seen while there is nothing to see. */
export class StoreView {
  readonly #options: StoreViewOptions
  readonly #reading: SharedAnswer<void>
  readonly #probing: SharedAnswer<readonly EndpointHealth[]>
  #isReachable = false
  #seen: SeenStore | undefined
  #lastError: StoreSight['lastError']

  constructor(options: StoreViewOptions) {
    const { clock, store } = options
    this.#options = options
    this.#reading = new SharedAnswer({
      clock,
      freshForMs: FRESH_FOR_MS,
      make: () => this.#read(),
    })
    this.#probing = new SharedAnswer({
      clock,
      freshForMs: PROBE_FRESH_FOR_MS,
      make: () => store.probe(PROBE_TIMEOUT_MS),
    })
  }

  /** What was seen last does not show a change. */
  outdate(): void {
    this.#reading.outdate()
  }

  /**
   * Somebody else has just seen groups with this fingerprint. False: what was seen here last is not that,
   * or nothing was.
   */
  confirm(fingerprint: string): boolean {
    if (this.#seen?.fingerprint !== fingerprint) return false
    this.#seen = { ...this.#seen, at: this.#options.clock.now() }
    return true
  }

  /** Sees the store without asking how its endpoints are; it never rejects. */
  catchUp(): Promise<void> {
    return this.#reading.get()
  }

  /** Somebody else's operation has failed. */
  noteFailure(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.#lastError = { at: this.#options.clock.now(), reason }
  }

  /** Looks, or shares a look of a moment ago; it never rejects. */
  async look(): Promise<StoreSight> {
    const wasReachable = this.#isReachable
    const [probed] = await Promise.all([this.#probing.get(), this.#reading.get()])
    const hasTurned = this.#isReachable !== wasReachable
    // Endpoints that answered a moment ago may be why.
    if (hasTurned) this.#probing.outdate()
    const endpoints = hasTurned ? await this.#probing.get() : probed
    return {
      isReachable: this.#isReachable,
      seen: this.#seen,
      lastError: this.#lastError,
      endpoints,
    }
  }

  async #read(): Promise<void> {
    const { store, clock, timeoutMs } = this.#options
    const begin = clock.monotonic()
    try {
      const snapshot = await store.read(
        [...OVERVIEW_SELECTORS, { prefix: EVENTS_PREFIX }],
        Math.min(timeoutMs, READ_TIMEOUT_MS),
      )
      this.#seen = {
        overview: overviewOf(snapshot),
        events: eventsOf(snapshot.entries),
        fingerprint: fingerprintOf(readGroups(snapshot)),
        at: clock.now(),
        latencyMs: clock.monotonic() - begin,
      }
      this.#isReachable = true
    } catch (error) {
      this.noteFailure(error)
      this.#isReachable = false
    }
  }
}
