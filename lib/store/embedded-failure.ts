import { getSystemErrorName } from 'node:util'

/** SQLite's primary result codes that the embedded store tells apart (https://sqlite.org/rescode.html). */
const SQLITE = {
  perm: 3,
  busy: 5,
  nomem: 7,
  readonly: 8,
  ioerr: 10,
  corrupt: 11,
  full: 13,
  cantopen: 14,
  protocol: 15,
  notadb: 26,
} as const

/** SQLite's own texts, for errors without a code: the engine's `StatementSync.all` drops it. */
const SQLITE_TEXTS: Readonly<Record<string, number>> = {
  'database is locked': SQLITE.busy,
  'out of memory': SQLITE.nomem,
  'disk I/O error': SQLITE.ioerr,
  'database disk image is malformed': SQLITE.corrupt,
  'file is not a database': SQLITE.notadb,
}

/** What operators should know about a failure of the operating system. */
const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'a part of the path is not a folder',
  EEXIST: 'a part of the path is not a folder',
  EISDIR: 'the path is a folder, not a file',
  ENOSPC: 'its disk is full',
  EDQUOT: 'its disk quota is used up',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
}

/** What SQLite, or the operating system, has against the embedded store's file. */
export interface EmbeddedFailure {
  /** Completes the sentence "cannot use the embedded store …: ". */
  readonly reason: string
  /** Another connection holds the lock that was needed; the same call may succeed a moment later. */
  readonly isLocked: boolean
  /**
   * Whether a COMMIT that ended so surely changed nothing, now or later.
   *
   * - FULL: SQLite writes the transaction to its log in order, and the page that makes it count last;
   *   this says that one of those writes did not find space, so that page is not there as a whole.
   * - BUSY, PROTOCOL: the lock was not obtained, so nothing was written.
   * - All else is unsure. Above all an I/O error can be that of the fsync after the last write: then
   *   the whole transaction may stand in the log, and come to life when the log is next recovered.
   */
  readonly isSurelyNotCommitted: boolean
}

/** Explains an error of SQLite or of `node:fs`. */
export function explainEmbeddedError(error: unknown): EmbeddedFailure {
  const code = primaryCode(error)
  const isLocked = code === SQLITE.busy || code === SQLITE.protocol
  return {
    reason: reasonOf(error, code),
    isLocked,
    isSurelyNotCommitted: isLocked || code === SQLITE.full,
  }
}

/** `errcode` may be an extended code, whose lowest byte is the primary one. */
function primaryCode(error: unknown): number | undefined {
  const code = property(error, 'errcode')
  if (typeof code === 'number') return code & 0xff
  return error instanceof Error ? SQLITE_TEXTS[error.message] : undefined
}

function reasonOf(error: unknown, code: number | undefined): string {
  const text = error instanceof Error ? error.message : String(error)
  const systemName = systemNameOf(error)
  const systemReason = systemName === undefined ? undefined : SYSTEM_REASONS[systemName]
  switch (code) {
    case SQLITE.busy:
    case SQLITE.protocol:
      return 'the file is locked by another process'
    case SQLITE.perm:
      return 'permission denied'
    case SQLITE.nomem:
      return 'out of memory'
    case SQLITE.readonly:
      return 'the file may not be written (its permissions, or a read-only file system)'
    case SQLITE.ioerr:
      return `I/O error: ${systemReason ?? systemName ?? text}`
    case SQLITE.corrupt:
      return 'the file is damaged'
    case SQLITE.full:
      return 'its disk is full, or the file has reached the largest size allowed'
    case SQLITE.notadb:
      return 'the file is not a database'
    default:
      return systemReason ?? (systemName === undefined ? text : `${text} (${systemName})`)
  }
}

function systemNameOf(error: unknown): string | undefined {
  const errno = property(error, 'systemErrno')
  if (typeof errno === 'number' && errno > 0) return getSystemErrorName(-errno)
  const code = property(error, 'code')
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined
}

function property(error: unknown, name: string): unknown {
  return error instanceof Error ? (error as unknown as Record<string, unknown>)[name] : undefined
}
