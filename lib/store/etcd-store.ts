import { Range, type Etcd3, type ICompare, type IKeyValue, type IRangeRequest } from 'etcd3'
import { delay, type Clock } from '../calendar/clock.js'
import type { EtcdEndpoints } from './etcd-endpoints.js'
import { explainEtcdError, type EtcdFailure } from './etcd-failure.js'
import { StoreError } from './store-error.js'
import {
  MAX_OPERATIONS,
  type CommitResult,
  type EndpointHealth,
  type Entry,
  type Guard,
  type Put,
  type Selector,
  type Snapshot,
  type Store,
  type Transaction,
} from './store.js'
import { textOfValue } from './value-text.js'

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
 * A store on an etcd v3 cluster.
 *
 * INVARIANTS:
 * - One client for the life of the store, beside those of probes; every call has a deadline, here and at the client.
 * - A write is sent at most once, unless the earlier attempt surely did not reach etcd's log. What is
 *   not sure ends as `unknown`; only the caller knows how to settle that.
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

  constructor({ client, endpoints, description, clock }: EtcdStoreOptions) {
    this.#client = client
    this.#endpoints = endpoints
    this.#clock = clock
    this.description = description
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
    return this.#untilDone(true, end, async () => {
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
      if (isWrite && !failure.isSurelyNotCommitted)
        throw new StoreError('unknown', message, { cause })
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

function compareOf(guard: Guard): ICompare {
  // "Not changed since": unlike a key's own revision, the newest of a prefix is only bounded above.
  if ('prefix' in guard) {
    const { start, end } = Range.prefix(guard.prefix)
    const mod_revision = guard.revision + 1
    return { result: 'Less', target: 'Mod', key: start, range_end: end, mod_revision }
  }
  return { result: 'Equal', target: 'Mod', key: bytes(guard.key), mod_revision: guard.revision }
}

function rangeOf(selector: Selector): IRangeRequest {
  if ('key' in selector) return { key: bytes(selector.key) }
  const { start, end } = Range.prefix(selector.prefix)
  return { key: start, range_end: end }
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'utf8')
}

interface RangeResponse {
  readonly response_range?: { readonly kvs: readonly IKeyValue[] }
}

function snapshotOf(revision: string, responses: readonly RangeResponse[]): Snapshot {
  const entries = new Map<string, Entry>()
  for (const { response_range: range } of responses) {
    for (const pair of range?.kvs ?? []) {
      const key = pair.key.toString('utf8')
      entries.set(key, {
        key,
        value: textOfValue(pair.value),
        revision: wholeNumber(pair.mod_revision),
        version: wholeNumber(pair.version),
      })
    }
  }
  const sorted = [...entries.values()].sort((a, b) => Buffer.compare(bytes(a.key), bytes(b.key)))
  return { revision: wholeNumber(revision), entries: sorted }
}

/** etcd counts in 64 bits; at 10,000 commits a second, 2^53 is reached after 28,000 years. */
function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) {
    throw new StoreError(
      'unavailable',
      `etcd's counter ${text} is beyond what can be counted exactly`,
    )
  }
  return value
}
