import type { Clock } from '../calendar/clock.js'

/** How much each key may take. */
export interface TokenBucketLimits {
  /** How many at once. */
  readonly capacity: number
  /** How many more in a minute. */
  readonly perMinute: number
}

/** More addresses than a fleet has; each takes about 200 bytes. */
const MAX_KEYS = 10_000

interface Bucket {
  tokens: number
  filledAt: number
}

/**
 * A bucket of tokens for each key, full at first and filled up steadily.
 *
 * INVARIANTS: at most 10 000 buckets; the one that was not taken from for the longest time makes room.
 */
export class TokenBuckets {
  readonly #clock: Clock
  readonly #limits: TokenBucketLimits
  /** In the order of the last taking. */
  readonly #buckets = new Map<string, Bucket>()

  constructor(clock: Clock, limits: TokenBucketLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  /** How many keys are being remembered. */
  get size(): number {
    return this.#buckets.size
  }

  /** Whether there is a token to take. */
  has(key: string): boolean {
    return this.#fill(key).tokens >= 1
  }

  /** Takes a token; false if there was none. */
  take(key: string): boolean {
    const bucket = this.#fill(key)
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > MAX_KEYS) {
      const [oldest] = this.#buckets.keys()
      if (oldest !== undefined) this.#buckets.delete(oldest)
    }
    return true
  }

  #fill(key: string): Bucket {
    const { capacity, perMinute } = this.#limits
    const now = this.#clock.monotonic()
    const bucket = this.#buckets.get(key)
    if (bucket === undefined) return { tokens: capacity, filledAt: now }
    const more = ((now - bucket.filledAt) / 60_000) * perMinute
    bucket.tokens = Math.min(capacity, bucket.tokens + more)
    bucket.filledAt = now
    return bucket
  }
}
