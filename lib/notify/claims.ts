import { notificationKey } from '../lock/keys.js'
import { MAX_OPERATIONS, type Store } from '../store/store.js'

/** What claims need. */
export interface ClaimsOptions {
  readonly store: Store
  readonly timeoutMs: number
  /** This daemon as `user@host`, for who looks into the store. */
  readonly by: string
}

/**
 * Settles which replica tells what all could: who creates the key does. It stands under a lease, so that
 * nothing has to be cleaned up.
 */
export class Claims {
  readonly #options: ClaimsOptions

  constructor(options: ClaimsOptions) {
    this.#options = options
  }

  /**
   * Claims a name; resolves to the revision of the claim, or undefined where another has it. `nonce` is
   * the same for all attempts at one claim: one that ended unknown may have succeeded.
   *
   * @throws StoreError when the store cannot be used
   */
  async take(name: string, nonce: string, timeToLiveSeconds: number): Promise<number | undefined> {
    const { store, timeoutMs, by } = this.#options
    const key = notificationKey(name)
    const value = JSON.stringify({ by, nonce })
    const result = await store.commit(
      {
        unchanged: [{ key, revision: 0 }],
        puts: [{ key, value, timeToLiveSeconds }],
        deletes: [],
      },
      timeoutMs,
    )
    if (result.outcome === 'committed') return result.revision
    return result.snapshot.entries.find((entry) => entry.key === key && entry.value === value)
      ?.revision
  }

  /**
   * Gives up claims of what could not be told, so that whoever comes next tells it. No name twice.
   *
   * @throws StoreError when the store cannot be used
   */
  async giveBack(names: readonly string[]): Promise<void> {
    const { store, timeoutMs } = this.#options
    for (let begin = 0; begin < names.length; begin += MAX_OPERATIONS) {
      const deletes = names.slice(begin, begin + MAX_OPERATIONS).map(notificationKey)
      await store.commit({ unchanged: [], puts: [], deletes }, timeoutMs)
    }
  }
}
