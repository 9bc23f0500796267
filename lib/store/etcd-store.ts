import { setMaxListeners } from 'node:events'
import type { Etcd3 } from 'etcd3'
import { delay, type Clock } from '../calendar/clock.js'
import type { EtcdEndpoints } from './etcd-endpoints.js'
import { explainEtcdError, type EtcdFailure } from './etcd-failure.js'
import { bytes, compareOf, rangeOf, snapshotOf, wholeNumber } from './etcd-messages.js'
import { StoreError } from './store-error.js'
import {
  MAX_OPERATIONS,
  type CommitResult,
  type EndpointHealth,
  type Put,
  type Selector,
  type Snapshot,
  type Store,
  type Transaction,
} from './store.js'

/** What an etcd store stands on; it closes what it was given. */
export interface EtcdStoreOptions {
  readonly client: Etcd3
  readonly endpoints: EtcdEndpoints
  readonly description: string
  readonly clock: Clock
}

/** Pause between two attempts, in milliseconds: base and random part, so that replicas spread out. */
const RETRY_DELAY_MS = { base: 30, jitter: 70 }

/** An attempt that could not take at least this long, in milliseconds, is not worth beginning. */
const SHORTEST_ATTEMPT_MS = 20

/**
 * How long the outcome of a write is held back, in milliseconds, that may have happened and would fail
 * again: etcd is out of space, say. Callers try at once to find out what has become of it, each attempt
 * is a proposal in etcd's log, and it takes a person to end that.
 */
const HELD_BACK_MS = 500

/**
 * A store on an etcd v3 cluster.
 *
 * INVARIANTS:
 * - One client for the life of the store, beside those of probes; every call has a deadline, here and at the client.
 * - A write is sent at most once, unless the earlier attempt surely did not reach etcd's log. What is
 *   not sure ends as `unknown`; only the caller knows how to settle that.
 * - No write is begun without the time for its answer: it would end `unknown` for nothing.
 * - Guards compare mod_revision, never a version: a key that is deleted and made again has a low
 *   version once more.
 */
export class EtcdStore implements Store {
  readonly description: string
  readonly #client: Etcd3
  readonly #endpoints: EtcdEndpoints
  readonly #clock: Clock
  readonly #closing = new AbortController()
  /** The last failure that was more than "set aside", so that the reason outlives the breakers. */
  #lastFailure: EtcdFailure | undefined
  /** Why the last write failed; undefined once one was answered. */
  #writeTrouble: string | undefined

  constructor({ client, endpoints, description, clock }: EtcdStoreOptions) {
    this.#client = client
    this.#endpoints = endpoints
    this.#clock = clock
    this.description = description
    // One for each call that pauses, however many groups there are; each takes its own away.
    setMaxListeners(0, this.#closing.signal)
  }

  async read(selectors: readonly Selector[], timeoutMs: number): Promise<Snapshot> {
    const ranges = selectors.map(rangeOf)
    return this.#untilDone(false, this.#clock.monotonic() + timeoutMs, async () => {
      // Without comparisons etcd runs the success list: several ranges in one linearizable snapshot.
      const response = await this.#client.kv.txn({
        success: ranges.map((range) => ({ request_range: range })),
      })
      return snapshotOf(response.header.revision, response.responses)
    })
  }

  async commit(transaction: Transaction, timeoutMs: number): Promise<CommitResult> {
    const { unchanged, puts, deletes } = transaction
    if (puts.length + deletes.length > MAX_OPERATIONS || unchanged.length > MAX_OPERATIONS) {
      throw new StoreError('unavailable', `more than ${MAX_OPERATIONS} operations in a transaction`)
    }
    const end = this.#clock.monotonic() + timeoutMs
    const leases = await this.#grantLeases(puts, end)
    const request = {
      compare: unchanged.map(compareOf),
      success: [
        ...puts.map(({ key, value }, index) => ({
          request_put: { key: bytes(key), value: bytes(value), lease: leases[index] ?? 0 },
        })),
        ...deletes.map((key) => ({ request_delete_range: { key: bytes(key) } })),
      ],
      failure: unchanged.map((guard) => ({ request_range: rangeOf(guard) })),
    }
    return this.#write(end, async () => {
      const response = await this.#client.kv.txn(request)
      return response.succeeded
        ? { outcome: 'committed', revision: wholeNumber(response.header.revision) }
        : {
            outcome: 'conflict',
            snapshot: snapshotOf(response.header.revision, response.responses),
          }
    })
  }

  probe(timeoutMs: number): Promise<readonly EndpointHealth[]> {
    return this.#endpoints.probe(timeoutMs)
  }

  close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort()
      this.#endpoints.close()
      this.#client.close()
    }
    return Promise.resolve()
  }

  /** A lease that is never attached, because the commit fails, ends by itself. */
  async #grantLeases(puts: readonly Put[], end: number): Promise<(string | undefined)[]> {
    const leases: (string | undefined)[] = []
    for (const { timeToLiveSeconds } of puts) {
      if (timeToLiveSeconds === undefined) {
        leases.push(undefined)
        continue
      }
      const granted = await this.#untilDone(false, end, () =>
        this.#client.leaseClient.leaseGrant({ TTL: timeToLiveSeconds }),
      )
      leases.push(granted.ID)
    }
    return leases
  }

  async #write<T>(end: number, call: () => Promise<T>): Promise<T> {
    if (end - this.#clock.monotonic() < SHORTEST_ATTEMPT_MS) {
      const reason = this.#writeTrouble ?? 'no time was left to write to etcd'
      throw new StoreError('unavailable', reason)
    }
    try {
      const result = await this.#untilDone(true, end, call)
      this.#writeTrouble = undefined
      return result
    } catch (error) {
      if (error instanceof StoreError) this.#writeTrouble = error.message
      throw error
    }
  }

  /**
   * Repeats a call on whichever endpoint is next until it succeeds, cannot succeed, or `end` (on the
   * monotonic clock) has come. The client itself moves on to another endpoint with each attempt.
   */
  async #untilDone<T>(isWrite: boolean, end: number, call: () => Promise<T>): Promise<T> {
    for (;;) {
      const attempt = await this.#attempt(call, end - this.#clock.monotonic())
      if (attempt.outcome === 'done') return attempt.value
      if (attempt.outcome === 'pending') {
        throw new StoreError(isWrite ? 'unknown' : 'unavailable', 'etcd did not answer in time')
      }
      const { failure, cause } = attempt
      if (!failure.isSetAside) this.#lastFailure = failure
      const message = (failure.isSetAside ? this.#lastFailure : failure)?.message ?? failure.message
      if (isWrite && !failure.isSurelyNotCommitted) {
        const remainingMs = end - this.#clock.monotonic()
        const heldBackMs = failure.mayPass ? 0 : Math.min(HELD_BACK_MS, remainingMs)
        if (heldBackMs > 0) await delay(this.#clock, heldBackMs, this.#closing.signal)
        throw new StoreError('unknown', message, { cause })
      }
      const pauseMs = RETRY_DELAY_MS.base + Math.random() * RETRY_DELAY_MS.jitter
      const hasTime = end - this.#clock.monotonic() >= pauseMs + SHORTEST_ATTEMPT_MS
      if (!failure.mayPass || !hasTime || this.#closing.signal.aborted) {
        throw new StoreError('unavailable', message, { cause })
      }
      await delay(this.#clock, pauseMs, this.#closing.signal)
    }
  }

  /**
   * One attempt. A call that is still pending at the end of the caller's time is left to its own,
   * fixed deadline: cutting that short would count a slow moment as a fault of the endpoint.
   */
  #attempt<T>(call: () => Promise<T>, remainingMs: number): Promise<Attempt<T>> {
    return new Promise((resolve) => {
      const cancel = this.#clock.schedule(Math.max(0, remainingMs), () =>
        resolve({ outcome: 'pending' }),
      )
      call().then(
        (value) => {
          cancel()
          resolve({ outcome: 'done', value })
        },
        (error: unknown) => {
          cancel()
          const cause = error instanceof Error ? error : new Error(String(error))
          resolve({ outcome: 'failed', failure: explainEtcdError(cause), cause })
        },
      )
    })
  }
}

type Attempt<T> =
  | { readonly outcome: 'done'; readonly value: T }
  | { readonly outcome: 'pending' }
  | { readonly outcome: 'failed'; readonly failure: EtcdFailure; readonly cause: Error }
