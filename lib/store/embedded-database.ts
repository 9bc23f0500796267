import {
  DatabaseSync,
  type DatabaseSyncInstance,
  type StatementSyncInstance,
} from '@photostructure/sqlite'
import { explainEmbeddedError } from './embedded-failure.js'
import { prepareEmbeddedFile } from './embedded-schema.js'
import { StoreError, type StoreErrorKind } from './store-error.js'
import type { CommitResult, Guard, Selector, Snapshot, Transaction } from './store.js'
import { textOfValue } from './value-text.js'

/** A call's result, or that another connection held the lock and nothing was done. */
export type Attempted<T> = T | 'locked'

interface EntryRow {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly revision: number
  readonly version: number
}

/**
 * The embedded store's file: each call is one whole SQLite transaction, and never waits for a lock.
 * Times are wall-clock milliseconds since the Unix epoch.
 *
 * INVARIANTS:
 * - Between two calls no transaction is open.
 * - A commit is durable (log written and fsynced) before `commit` returns it.
 * - The revision grows by one with each commit that changes something, and never otherwise.
 */
export class EmbeddedDatabase {
  readonly #connection: DatabaseSyncInstance
  readonly #path: string
  readonly #statements: ReturnType<typeof prepareStatements>

  /**
   * Opens the file, and creates it if it is absent.
   *
   * @throws StoreError `unavailable`: not a database of ours, of a newer version, not accessible
   */
  static open(path: string, maximumPages: number): Attempted<EmbeddedDatabase> {
    let connection: DatabaseSyncInstance | undefined
    try {
      connection = new DatabaseSync(path, {
        open: true,
        readOnly: false,
        timeout: 0,
        enableForeignKeyConstraints: false,
        enableDoubleQuotedStringLiterals: false,
        allowExtension: false,
        defensive: true,
        readBigInts: false,
        returnArrays: false,
      })
      prepareEmbeddedFile(connection, path, maximumPages)
      return new EmbeddedDatabase(connection, path)
    } catch (error) {
      if (connection !== undefined) {
        rollBack(connection)
        connection.close()
      }
      if (explainEmbeddedError(error).isLocked) return 'locked'
      throw storeError('unavailable', path, error)
    }
  }

  private constructor(connection: DatabaseSyncInstance, path: string) {
    this.#connection = connection
    this.#path = path
    this.#statements = prepareStatements(connection)
  }

  /** Reads at one revision; writers do not hinder it. */
  read(selectors: readonly Selector[], now: number): Attempted<Snapshot> {
    return this.#transaction(
      'BEGIN',
      () => this.#snapshot(selectors, now),
      () => false,
    )
  }

  /** Removes what has expired, checks the guards, and applies the changes, all or nothing. */
  commit(transaction: Transaction, now: number): Attempted<CommitResult> {
    return this.#transaction<CommitResult>(
      'BEGIN IMMEDIATE',
      () => {
        this.#statements.expire.run(now)
        if (!transaction.unchanged.every((guard) => this.#holds(guard))) {
          return { outcome: 'conflict', snapshot: this.#snapshot(transaction.unchanged, now) }
        }
        return { outcome: 'committed', revision: this.#apply(transaction, now) }
      },
      ({ outcome }) => outcome === 'committed',
    )
  }

  /** Gives the file back, complete without its log; only once, and nothing else may be called after. */
  close(): void {
    try {
      this.#connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // Another process is using the log, or the disk is full: the next one to open the file reads it.
    }
    this.#connection.close()
  }

  #transaction<T>(
    begin: 'BEGIN' | 'BEGIN IMMEDIATE',
    work: () => T,
    mustCommit: (result: T) => boolean,
  ): Attempted<T> {
    let isCommitting = false
    try {
      this.#connection.exec(begin)
      const result = work()
      isCommitting = mustCommit(result)
      this.#connection.exec(isCommitting ? 'COMMIT' : 'ROLLBACK')
      return result
    } catch (error) {
      rollBack(this.#connection)
      const { isLocked, isSurelyNotCommitted } = explainEmbeddedError(error)
      if (isLocked) return 'locked'
      const kind = isCommitting && !isSurelyNotCommitted ? 'unknown' : 'unavailable'
      throw storeError(kind, this.#path, error)
    }
  }

  #snapshot(selectors: readonly Selector[], now: number): Snapshot {
    const revision = this.#revision()
    const rows = new Map<string, EntryRow>()
    for (const selector of selectors) {
      const { from, to } = rangeOf(selector)
      for (const row of this.#statements.select.all(from, to, now) as EntryRow[]) {
        rows.set(textOf(row.key), row)
      }
    }
    return {
      revision,
      entries: [...rows]
        .sort(([, a], [, b]) => Buffer.compare(a.key, b.key))
        .map(([key, { value, revision, version }]) => ({
          key,
          value: textOfValue(value),
          revision,
          version,
        })),
    }
  }

  #revision(): number {
    return (this.#statements.revision.get() as { revision: number }).revision
  }

  /** What has expired must be removed before. */
  #holds(guard: Guard): boolean {
    const { from, to } = rangeOf(guard)
    const { newest } = this.#statements.newest.get(from, to) as { newest: number }
    return 'key' in guard ? newest === guard.revision : newest <= guard.revision
  }

  #apply({ puts, deletes }: Transaction, now: number): number {
    const next = this.#revision() + 1
    let changes = puts.length
    for (const key of deletes) changes += this.#statements.remove.run(bytesOf(key)).changes
    for (const { key, value, timeToLiveSeconds } of puts) {
      const expiresAt =
        timeToLiveSeconds === undefined ? null : Math.ceil(now + timeToLiveSeconds * 1000)
      this.#statements.put.run(bytesOf(key), bytesOf(value), next, expiresAt)
    }
    if (changes === 0) return next - 1
    this.#statements.advance.run(next)
    return next
  }
}

function rollBack(connection: DatabaseSyncInstance): void {
  // Some errors, such as a full disk, have ended the transaction already.
  if (!connection.isTransaction) return
  try {
    connection.exec('ROLLBACK')
  } catch {
    // The first error says what is wrong. What is still open can only be rolled back: the next call's
    // BEGIN fails on it, and comes here again.
  }
}

function prepareStatements(connection: DatabaseSyncInstance): {
  readonly [
    name in 'revision' | 'advance' | 'select' | 'newest' | 'expire' | 'remove' | 'put'
  ]: StatementSyncInstance
} {
  return {
    revision: connection.prepare('SELECT revision FROM meta'),
    advance: connection.prepare('UPDATE meta SET revision = ?'),
    select: connection.prepare(
      `SELECT key, value, revision, version FROM entries
       WHERE key >= ? AND key < ? AND (expires_at IS NULL OR expires_at > ?)`,
    ),
    newest: connection.prepare(
      'SELECT coalesce(max(revision), 0) AS newest FROM entries WHERE key >= ? AND key < ?',
    ),
    expire: connection.prepare('DELETE FROM entries WHERE expires_at <= ?'),
    remove: connection.prepare('DELETE FROM entries WHERE key = ?'),
    put: connection.prepare(
      `INSERT INTO entries (key, value, revision, version, expires_at) VALUES (?, ?, ?, 1, ?)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision,
         version = version + 1, expires_at = excluded.expires_at`,
    ),
  }
}

/** From (inclusive) and to (exclusive): the byte 0xff never occurs in UTF-8, so it is above all keys. */
function rangeOf(selector: Selector): { readonly from: Uint8Array; readonly to: Uint8Array } {
  if ('key' in selector) return { from: bytesOf(selector.key), to: bytesOf(`${selector.key}\0`) }
  const from = bytesOf(selector.prefix)
  return { from, to: Buffer.concat([from, Buffer.of(0xff)]) }
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'utf8')
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function storeError(kind: StoreErrorKind, path: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  const { reason } = explainEmbeddedError(cause)
  const message =
    kind === 'unknown'
      ? `a write to the embedded store ${path} may or may not have happened: ${reason}`
      : `cannot use the embedded store ${path}: ${reason}`
  return new StoreError(kind, message, { cause })
}
