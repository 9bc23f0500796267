import { stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

/** The path to open from now on, or why this user must not open the file. */
export type OwnedPath = { readonly path: string } | { readonly problem: string }

/** The working folder, reachable even where a folder above it is closed to the file's owner. */
const WORKING_FOLDER = '/proc/self/cwd'

/**
 * Makes sure that an embedded store is opened as its owner: SQLite puts files beside it, and one that
 * belonged to root would shut the daemon out. Root becomes the owner, for good; anybody else has to be it.
 */
export async function actAsOwner(file: string): Promise<OwnedPath> {
  const path = resolve(file)
  const found = await stat(path).catch((error: unknown) => error as NodeJS.ErrnoException)
  if (found instanceof Error) {
    const reason = found.code === 'ENOENT' ? 'has no store yet: serve it once' : found.message
    return { problem: `${path} ${reason}` }
  }
  const user = process.getuid?.()
  if (user === undefined || user === found.uid) return { path }
  if (user !== 0) {
    return {
      problem: `${path} belongs to the user ${found.uid}; run this as that user, or as root`,
    }
  }
  process.chdir(dirname(path))
  process.setgroups?.([])
  process.setgid?.(found.gid)
  process.setuid?.(found.uid)
  return { path: join(WORKING_FOLDER, basename(path)) }
}
