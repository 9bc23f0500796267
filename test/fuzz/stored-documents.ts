import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'

/** How long another process' transaction is waited for, in milliseconds. */
const BUSY_TIMEOUT_MS = 5_000

/**
 * The semaphores in an embedded store's file, read and written past the product's store, as by a hand
 * or a fault; a daemon may be using the file.
 */
export class StoredDocuments {
  readonly #database: DatabaseSyncInstance

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  }

  /** The bytes of a group's semaphore; undefined while it has none. */
  read(group: string): Buffer | undefined {
    const row = this.#database
      .prepare('SELECT value FROM entries WHERE key = ?')
      .get(keyOf(group)) as { value: Uint8Array } | undefined
    return row === undefined ? undefined : Buffer.from(row.value)
  }

  /** Replaces a group's semaphore by any bytes, as one more revision of the store. */
  write(group: string, value: Uint8Array): void {
    this.#database.exec('BEGIN IMMEDIATE')
    this.#database.exec('UPDATE meta SET revision = revision + 1')
    this.#database
      .prepare(
        `INSERT INTO entries (key, value, revision, version)
         VALUES (?, ?, (SELECT revision FROM meta), 1)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision,
           version = version + 1`,
      )
      .run(keyOf(group), value)
    this.#database.exec('COMMIT')
  }

  /** The ids that hold a slot of a group. */
  holders(group: string): readonly string[] {
    const document = JSON.parse(this.read(group)?.toString('utf8') ?? '{"holders":[]}') as {
      holders: readonly string[] | null
    }
    return document.holders ?? []
  }

  close(): void {
    this.#database.close()
  }
}

function keyOf(group: string): Buffer {
  return Buffer.from(`com.coreos.airlock/groups/${group}/v1/semaphore`)
}
