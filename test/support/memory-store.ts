import { StoreError } from '../../lib/store/store-error.js'
import type {
  CommitResult,
  EndpointHealth,
  Entry,
  Guard,
  Selector,
  Snapshot,
  Store,
  Transaction,
} from '../../lib/store/store.js'

/** What a test may do with an operation before the store does it. */
export type Interception = (apply: () => void) => Promise<void> | void

/**
 * A store in memory for tests of what stands on one. Each operation can be held up, failed or repeated
 * through {@link MemoryStore.onRead} and {@link MemoryStore.onCommit}.
 */
export class MemoryStore implements Store {
  readonly description = 'memory'
  /** How many operations of each kind have been begun. */
  reads = 0
  commits = 0
  /** `apply` looks there and then, and what it sees is answered. */
  onRead: Interception | undefined
  /** `apply` does the commit there and then; throwing after or without it is up to the test. */
  onCommit: ((apply: () => void, transaction: Transaction) => Promise<void> | void) | undefined
  /** What a probe finds. */
  endpoints: readonly EndpointHealth[] = []
  readonly #entries = new Map<string, Entry>()
  #revision = 1

  async read(selectors: readonly Selector[]): Promise<Snapshot> {
    this.reads += 1
    let snapshot: Snapshot | undefined
    await this.onRead?.(() => {
      snapshot = this.#snapshot(selectors)
    })
    return snapshot ?? this.#snapshot(selectors)
  }

  async commit(transaction: Transaction): Promise<CommitResult> {
    this.commits += 1
    let result: CommitResult | undefined
    const apply = (): void => {
      result = this.#apply(transaction)
    }
    await this.onCommit?.(apply, transaction)
    if (result === undefined) apply()
    if (result === undefined) throw new StoreError('unavailable', 'not applied')
    return result
  }

  probe(): Promise<readonly EndpointHealth[]> {
    return Promise.resolve(this.endpoints)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** Writes as somebody else would. */
  put(key: string, value: string): void {
    this.#apply({ unchanged: [], puts: [{ key, value }], deletes: [] })
  }

  get(key: string): string | undefined {
    return this.#entries.get(key)?.value
  }

  revisionOf(key: string): number {
    return this.#entries.get(key)?.revision ?? 0
  }

  /** Values below a prefix, in the order of their keys. */
  below(prefix: string): readonly string[] {
    return this.#snapshot([{ prefix }]).entries.map(({ value }) => value)
  }

  #apply({ unchanged, puts, deletes }: Transaction): CommitResult {
    if (!unchanged.every((guard) => this.#holds(guard))) {
      return { outcome: 'conflict', snapshot: this.#snapshot(unchanged) }
    }
    this.#revision += 1
    const revision = this.#revision
    for (const { key, value } of puts) {
      const version = (this.#entries.get(key)?.version ?? 0) + 1
      this.#entries.set(key, { key, value, revision, version })
    }
    for (const key of deletes) this.#entries.delete(key)
    return { outcome: 'committed', revision }
  }

  #holds(guard: Guard): boolean {
    if ('key' in guard) return this.revisionOf(guard.key) === guard.revision
    return this.#snapshot([guard]).entries.every(({ revision }) => revision <= guard.revision)
  }

  #snapshot(selectors: readonly Selector[]): Snapshot {
    const entries = [...this.#entries.values()]
      .filter(({ key }) =>
        selectors.some((it) => ('key' in it ? it.key === key : key.startsWith(it.prefix))),
      )
      .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
    return { revision: this.#revision, entries }
  }
}
