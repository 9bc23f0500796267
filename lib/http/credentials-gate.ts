import { createHmac, randomBytes } from 'node:crypto'
import type { Clock } from '../calendar/clock.js'
import type { PasswordComparer } from '../credentials/bcrypt-thread.js'
import type { Htpasswd } from '../credentials/htpasswd.js'
import { parseBasicHeader } from './basic-header.js'
import { countingKey } from './client-address.js'
import { TokenBuckets, type TokenBucketLimits } from './token-buckets.js'

/** Why somebody is not let in: as label values. */
export type CredentialsRefusal = 'missing' | 'wrong' | 'limited' | 'busy' | 'gone'

/** Who asks, if that is asked for; or why they are not let in. */
export type Admission =
  { readonly user: string | undefined } | { readonly refusal: CredentialsRefusal }

/** What a gate needs. */
export interface CredentialsGateOptions {
  readonly clock: Clock
  readonly comparer: PasswordComparer
}

/** Wrong credentials of one address: a person's typing errors, and no guessing. */
export const WRONG_CREDENTIALS: TokenBucketLimits = { capacity: 10, perMinute: 10 }

/** One for each user of the largest password file; each takes about 100 bytes. */
const MAX_VERIFIED = 10_000

/** They wait for one thread: at a twentieth of a second each, the last one for a quarter of a minute. */
const MAX_WAITING = 256

/**
 * Lets in who knows a password of the password file; everybody while there is none.
 *
 * INVARIANTS:
 * - A password is compared at most once at a time, and good credentials are not compared again while
 *   their entry stays as it is.
 * - What is remembered of them is a keyed hash, whose key is never stored.
 * - An unknown user costs as much as a wrong password.
 * - Only credentials found wrong count against an address; good ones that are known already are let in
 *   whatever others of the same address did.
 */
export class CredentialsGate {
  readonly #comparer: PasswordComparer
  readonly #wrong: TokenBuckets
  readonly #secret = randomBytes(32)
  /** No password has this hash but by an accident of 2^-184. */
  readonly #unknownHash = randomBytes(40).toString('hex').slice(0, 53)
  /** In the order of their last use. */
  readonly #verified = new Set<string>()
  #htpasswd: Htpasswd | undefined
  #waiting = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(htpasswd: Htpasswd | undefined, { clock, comparer }: CredentialsGateOptions) {
    this.#htpasswd = htpasswd
    this.#comparer = comparer
    this.#wrong = new TokenBuckets(clock, WRONG_CREDENTIALS)
  }

  /** Whether credentials are asked for. */
  get isClosed(): boolean {
    return this.#htpasswd !== undefined
  }

  /** Another password file counts from now on; undefined: none. */
  replace(htpasswd: Htpasswd | undefined): void {
    this.#htpasswd = htpasswd
  }

  /**
   * Whether credentials that were let in would be again without being compared: neither is their entry
   * another since, nor were there none to ask for then.
   */
  isStillGood(header: string | undefined): boolean {
    if (this.#htpasswd === undefined) return true
    const credentials = parseBasicHeader(header)
    return credentials !== undefined && this.#isVerified(credentials.user, credentials.password)
  }

  /**
   * Judges an `Authorization` header from a client's address. Where `isGone` is true when its turn
   * comes, nothing is compared.
   *
   * @throws when passwords cannot be compared
   */
  async check(
    header: string | undefined,
    address: string,
    isGone: () => boolean,
  ): Promise<Admission> {
    if (this.#htpasswd === undefined) return { user: undefined }
    const credentials = parseBasicHeader(header)
    if (credentials === undefined) return { refusal: 'missing' }
    const { user, password } = credentials
    if (this.#isVerified(user, password)) return { user }
    const key = countingKey(address)
    if (!this.#wrong.has(key)) return { refusal: 'limited' }
    if (this.#waiting >= MAX_WAITING) return { refusal: 'busy' }
    this.#waiting += 1
    const judged = this.#turn.then(() =>
      isGone() ? ({ refusal: 'gone' } as const) : this.#compare(user, password, key),
    )
    this.#turn = judged.catch(() => undefined)
    try {
      return await judged
    } finally {
      this.#waiting -= 1
    }
  }

  /** What was true when the turn was taken may have changed since: another request has had its own. */
  async #compare(user: string, password: string, key: string): Promise<Admission> {
    const htpasswd = this.#htpasswd
    if (htpasswd === undefined) return { user: undefined }
    if (this.#isVerified(user, password)) return { user }
    if (!this.#wrong.has(key)) return { refusal: 'limited' }
    const hash = htpasswd.hashes.get(user)
    const cost = String(htpasswd.highestCost).padStart(2, '0')
    const compared = hash ?? `$2b$${cost}$${this.#unknownHash}`
    const isMatch = await this.#comparer.compare(password, compared)
    if (hash === undefined || !isMatch) {
      this.#wrong.take(key)
      return { refusal: 'wrong' }
    }
    this.#remember(this.#digest(user, hash, password))
    return { user }
  }

  #isVerified(user: string, password: string): boolean {
    const hash = this.#htpasswd?.hashes.get(user)
    // Computed for unknown users too, so that they take as long.
    const digest = this.#digest(user, hash ?? '', password)
    if (!this.#verified.has(digest)) return false
    this.#remember(digest)
    return true
  }

  /** The entry's hash is part of it, so that a changed entry is compared again. */
  #digest(user: string, hash: string, password: string): string {
    return createHmac('sha256', this.#secret)
      .update(JSON.stringify([user, hash, password]))
      .digest('base64')
  }

  #remember(digest: string): void {
    this.#verified.delete(digest)
    this.#verified.add(digest)
    if (this.#verified.size > MAX_VERIFIED) {
      const [oldest] = this.#verified
      if (oldest !== undefined) this.#verified.delete(oldest)
    }
  }
}
