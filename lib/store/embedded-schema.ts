import type { DatabaseSyncInstance } from '@photostructure/sqlite'
import { StoreError } from './store-error.js'

/** "FLck" in ASCII: marks the file as ours, so that no other program's database is written to. */
const APPLICATION_ID = 0x464c636b

/** The newest form of the tables that this version reads and writes. */
const SCHEMA_VERSION = 1

/** As in etcd, an empty store is at revision 1. */
const FIRST_REVISION = 1

/** Keys and values are BLOBs: ordered by bytes, and complete even with a NUL, which ends a TEXT. */
const SCHEMA = `
  CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    schema_version INTEGER NOT NULL,
    revision INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE entries (
    key BLOB PRIMARY KEY NOT NULL,
    value BLOB NOT NULL,
    revision INTEGER NOT NULL,
    version INTEGER NOT NULL,
    expires_at INTEGER
  ) STRICT;
  CREATE INDEX entries_by_expiry ON entries (expires_at) WHERE expires_at IS NOT NULL;
  INSERT INTO meta VALUES (1, ${SCHEMA_VERSION}, ${FIRST_REVISION});
  PRAGMA application_id = ${APPLICATION_ID};
`

/**
 * Makes an opened file ready for use: creates the tables in an empty one, and refuses one that is not
 * ours before anything is written to it. On failure a transaction may be left open.
 *
 * @throws StoreError `unavailable`, or SQLite's own error
 */
export function prepareEmbeddedFile(
  connection: DatabaseSyncInstance,
  path: string,
  maximumPages: number,
): void {
  const refuse = (reason: string): never => {
    throw new StoreError('unavailable', `cannot use the embedded store ${path}: ${reason}`)
  }
  connection.exec(`PRAGMA max_page_count = ${maximumPages}`)
  // Each commit is fsynced: a grant that was answered survives a power failure.
  connection.exec('PRAGMA synchronous = FULL')
  connection.exec('BEGIN IMMEDIATE')
  const content = contentOf(connection)
  if (content === 'foreign') refuse('the file is a database of another program')
  if (content === 'empty') connection.exec(SCHEMA)
  const version = Number(valueOf(connection, 'SELECT schema_version FROM meta'))
  if (version > SCHEMA_VERSION) {
    refuse(
      `it was written by a newer airlock (schema ${version}; this one knows ${SCHEMA_VERSION})`,
    )
  }
  if (version !== SCHEMA_VERSION) refuse('the file is damaged')
  // SQLite takes no offence at a file that may only be read until something is written: show it now,
  // and not at the first grant. What was not needed is undone, so that a full disk is no hindrance.
  connection.exec('UPDATE meta SET revision = revision')
  connection.exec(content === 'empty' ? 'COMMIT' : 'ROLLBACK')
  if (valueOf(connection, 'PRAGMA journal_mode = WAL') !== 'wal') {
    refuse('its file system does not support a write-ahead log; use a local one')
  }
}

function contentOf(connection: DatabaseSyncInstance): 'empty' | 'ours' | 'foreign' {
  if (valueOf(connection, 'PRAGMA application_id') === APPLICATION_ID) return 'ours'
  return valueOf(connection, 'SELECT count(*) FROM sqlite_schema') === 0 ? 'empty' : 'foreign'
}

/** The only column of a query's only row. */
function valueOf(connection: DatabaseSyncInstance, query: string): unknown {
  return Object.values((connection.prepare(query).get() ?? {}) as Record<string, unknown>)[0]
}
