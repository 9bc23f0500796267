import type { Clock } from '../calendar/clock.js'
import type {
  CommitResult,
  EndpointHealth,
  Selector,
  Snapshot,
  Store,
  Transaction,
} from '../store/store.js'
import { StoreError } from '../store/store-error.js'
import type { Events } from '../telemetry/events.js'
import type { StoreOperation } from '../telemetry/metrics.js'

/** Reports every operation of a store: how long it took, and whether it failed. */
export class ObservedStore implements Store {
  readonly description: string
  readonly #store: Store
  readonly #clock: Clock
  readonly #events: Events

  constructor(store: Store, clock: Clock, events: Events) {
    this.description = store.description
    this.#store = store
    this.#clock = clock
    this.#events = events
  }

  read(selectors: readonly Selector[], timeoutMs: number): Promise<Snapshot> {
    return this.#observe('read', () => this.#store.read(selectors, timeoutMs))
  }

  commit(transaction: Transaction, timeoutMs: number): Promise<CommitResult> {
    return this.#observe('commit', () => this.#store.commit(transaction, timeoutMs))
  }

  /** Not an operation on the data: neither counted nor logged. */
  probe(timeoutMs: number): Promise<readonly EndpointHealth[]> {
    return this.#store.probe(timeoutMs)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async #observe<T>(operation: StoreOperation, call: () => Promise<T>): Promise<T> {
    const begin = this.#clock.monotonic()
    const seconds = (): number => (this.#clock.monotonic() - begin) / 1000
    try {
      const result = await call()
      this.#events.storeOperation(operation, seconds())
      return result
    } catch (error) {
      const kind = error instanceof StoreError ? error.kind : 'unknown'
      const message = error instanceof Error ? error.message : String(error)
      this.#events.storeOperationFailed(operation, seconds(), { kind, message })
      throw error
    }
  }
}
