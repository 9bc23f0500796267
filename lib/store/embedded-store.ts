import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { delay, type Clock } from '../calendar/clock.js'
import { EmbeddedDatabase, type Attempted } from './embedded-database.js'
import { explainEmbeddedError } from './embedded-failure.js'
import { StoreError } from './store-error.js'
import {
  MAX_OPERATIONS,
  type CommitResult,
  type EndpointHealth,
  type Selector,
  type Snapshot,
  type Store,
  type Transaction,
} from './store.js'

/** How long opening waits for other processes, in milliseconds; they hold a lock for a moment only. */
const OPEN_TIMEOUT_MS = 5_000

/** The first and the longest pause before a locked file is tried again, in milliseconds. */
const RETRY_DELAY_MS = { first: 2, longest: 50 }

/** Pages of 4 KiB, 1 GiB together: far beyond any fleet, so that a fault cannot fill the disk. */
const MAXIMUM_PAGES = 262_144

/** Where the embedded store is, and its limits. */
export interface EmbeddedStoreOptions {
  /** The file; missing folders are created, accessible to the user and the group only. */
  readonly path: string
  readonly clock: Clock
  /** The largest size of the file, in pages of 4 KiB. */
  readonly maximumPages?: number
}

/**
 * Opens the store in one file on a local disk, and creates the file if it is absent. Several processes
 * of the machine may have it open at once.
 *
 * @throws StoreError `unavailable`, with the path and the reason
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<Store> {
  // An absolute path has none of the meanings that SQLite gives to names such as ":memory:".
  const path = resolve(options.path)
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o750 })
  } catch (cause) {
    throw new StoreError(
      'unavailable',
      `cannot create the folder of the embedded store ${path}: ${explainEmbeddedError(cause).reason}`,
      { cause },
    )
  }
  const { clock, maximumPages = MAXIMUM_PAGES } = options
  const database = await untilNotLocked({ path, clock }, OPEN_TIMEOUT_MS, () =>
    EmbeddedDatabase.open(path, maximumPages),
  )
  return new EmbeddedStore(database, path, clock)
}

/**
 * A store in one SQLite file, for one machine.
 *
 * A call blocks the event loop only for its own transaction; that includes the fsync of a commit,
 * which no deadline bounds. It waits for other processes without blocking. Keys expire by the
 * machine's wall clock, so that they do so through restarts.
 *
 * INVARIANTS:
 * - Each attempt is one synchronous SQLite transaction: no two calls of a process interleave.
 * - A call is attempted again only when the attempt before did nothing, for want of a lock.
 * - `#database` is there until `close`, and after it is touched no more.
 */
export class EmbeddedStore implements Store {
  readonly description: string
  /** Let go of when closed: SQLite keeps the file open until its statements are garbage-collected. */
  #database: EmbeddedDatabase | undefined
  readonly #path: string
  readonly #clock: Clock
  readonly #closing = new AbortController()

  constructor(database: EmbeddedDatabase, path: string, clock: Clock) {
    this.#database = database
    this.#path = path
    this.#clock = clock
    this.description = `embedded ${path}`
  }

  read(selectors: readonly Selector[], timeoutMs: number): Promise<Snapshot> {
    return this.#attempt(timeoutMs, (database) => database.read(selectors, this.#clock.now()))
  }

  async commit(transaction: Transaction, timeoutMs: number): Promise<CommitResult> {
    refuseUnusable(transaction)
    return this.#attempt(timeoutMs, (database) => database.commit(transaction, this.#clock.now()))
  }

  probe(): Promise<readonly EndpointHealth[]> {
    return Promise.resolve([])
  }

  close(): Promise<void> {
    this.#closing.abort()
    this.#database?.close()
    this.#database = undefined
    return Promise.resolve()
  }

  #attempt<T>(
    timeoutMs: number,
    attempt: (database: EmbeddedDatabase) => Attempted<T>,
  ): Promise<T> {
    const { signal } = this.#closing
    return untilNotLocked({ path: this.#path, clock: this.#clock, signal }, timeoutMs, () => {
      if (this.#database !== undefined) return attempt(this.#database)
      throw new StoreError('unavailable', `the embedded store ${this.#path} is closed`)
    })
  }
}

interface LockContext {
  readonly path: string
  readonly clock: Clock
  /** Ends a pause at once. */
  readonly signal?: AbortSignal
}

/** Attempts at least once, and then until `timeoutMs` have passed. */
async function untilNotLocked<T>(
  { path, clock, signal }: LockContext,
  timeoutMs: number,
  attempt: () => Attempted<T>,
): Promise<T> {
  const end = clock.monotonic() + timeoutMs
  let pauseMs = RETRY_DELAY_MS.first
  for (;;) {
    const result = attempt()
    if (result !== 'locked') return result
    const remainingMs = end - clock.monotonic()
    if (remainingMs <= 0) {
      throw new StoreError(
        'unavailable',
        `cannot use the embedded store ${path}: the file is locked by another process, for ${timeoutMs} ms or more`,
      )
    }
    await delay(clock, Math.min(remainingMs, pauseMs * (0.5 + Math.random())), signal)
    pauseMs = Math.min(RETRY_DELAY_MS.longest, pauseMs * 2)
  }
}

/** Refuses what etcd would refuse, so that no caller comes to rely on more. */
function refuseUnusable({ unchanged, puts, deletes }: Transaction): void {
  const keys = [...puts.map(({ key }) => key), ...deletes]
  if (keys.length > MAX_OPERATIONS || unchanged.length > MAX_OPERATIONS) {
    throw new StoreError('unavailable', `more than ${MAX_OPERATIONS} operations in a transaction`)
  }
  if (new Set(keys).size < keys.length) {
    throw new StoreError('unavailable', 'a key is named twice in a transaction')
  }
  if (keys.includes('')) throw new StoreError('unavailable', 'a key is empty')
  for (const { key, timeToLiveSeconds = 1 } of puts) {
    if (!Number.isSafeInteger(timeToLiveSeconds) || timeToLiveSeconds < 1) {
      throw new StoreError(
        'unavailable',
        `time to live of ${key}: expected a whole number of seconds of at least 1, got ${timeToLiveSeconds}`,
      )
    }
  }
}
