import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'
import type { SemaphoreRevision, Sighting } from '../history/history.js'
import type { Observer } from './fault-run.js'

const SIGHT_EVERY_MS = 20
const LOCK_TIMEOUT_MS = 5_000

/**
 * Records each semaphore document by a trigger in the database itself: the record is made, and lost,
 * with the commit that it tells of, and no code of the store has a part in it.
 */
const RECORD = `
  CREATE TABLE test_history (
    number INTEGER PRIMARY KEY, key TEXT, value TEXT, revision INTEGER, version INTEGER
  ) STRICT;
  ${['INSERT', 'UPDATE']
    .map(
      (change) => `
  CREATE TRIGGER test_${change.toLowerCase()} AFTER ${change} ON entries
  WHEN CAST(NEW.key AS TEXT) LIKE 'com.coreos.airlock/groups/%/v1/semaphore' BEGIN
    INSERT INTO test_history (key, value, revision, version)
    VALUES (CAST(NEW.key AS TEXT), CAST(NEW.value AS TEXT), NEW.revision, NEW.version);
  END;`,
    )
    .join('')}
`

interface Row {
  readonly value: string
  readonly revision: number
  readonly version: number
}

/** Reads the history of groups' semaphores out of an embedded store. */
export class EmbeddedObserver implements Observer {
  readonly revisions = new Map<string, readonly SemaphoreRevision[]>()
  readonly sightings: Sighting[] = []
  readonly #database: DatabaseSyncInstance
  readonly #groups: readonly string[]
  readonly #interval: NodeJS.Timeout

  /** Begins with what a store on an existing file holds; nobody may hold a slot yet. */
  constructor(path: string, groups: readonly string[]) {
    this.#groups = groups
    this.#database = new DatabaseSync(path, { timeout: LOCK_TIMEOUT_MS })
    this.#database.exec('BEGIN IMMEDIATE')
    this.#database.exec(RECORD)
    this.#database.exec(
      `INSERT INTO test_history (key, value, revision, version)
       SELECT CAST(key AS TEXT), CAST(value AS TEXT), revision, version FROM entries
       WHERE CAST(key AS TEXT) LIKE 'com.coreos.airlock/groups/%/v1/semaphore'`,
    )
    this.#database.exec('COMMIT')
    this.#interval = setInterval(() => this.#sight(), SIGHT_EVERY_MS)
  }

  collect(): Promise<void> {
    for (const group of this.#groups) {
      const rows = this.#database
        .prepare('SELECT value, revision, version FROM test_history WHERE key = ? ORDER BY number')
        .all(keyOf(group)) as Row[]
      const revisions = rows.map(({ value, revision, version }, index) => {
        if (version !== (rows[0]?.version ?? 0) + index) {
          throw new Error(`a document of ${group} is missing`)
        }
        const document = JSON.parse(value) as { total_slots: number; holders: string[] }
        return { revision, totalSlots: document.total_slots, holders: document.holders }
      })
      this.revisions.set(group, revisions)
    }
    return Promise.resolve()
  }

  stop(): Promise<void> {
    clearInterval(this.#interval)
    if (this.#database.isOpen) this.#database.close()
    return Promise.resolve()
  }

  #sight(): void {
    for (const group of this.#groups) {
      const start = performance.now()
      const row = this.#database
        .prepare('SELECT revision FROM entries WHERE CAST(key AS TEXT) = ?')
        .get(keyOf(group)) as Row | undefined
      if (row === undefined) continue
      this.sightings.push({ group, revision: row.revision, start, end: performance.now() })
    }
  }
}

function keyOf(group: string): string {
  return `com.coreos.airlock/groups/${group}/v1/semaphore`
}
