import { access, realpath, stat } from 'node:fs/promises'
import { resolve } from 'node:path'

/** The path to open from now on, or why this user must not open the file. */
export type OwnedPath = { readonly path: string } | { readonly problem: string }

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
  const realPath = await realpath(path)
  if (!become(found)) {
    return {
      problem:
        `${path} belongs to the user ${found.uid}, and this root has not the right to act as ` +
        'another user (CAP_SETUID, CAP_SETGID); run this as that user',
    }
  }
  // SQLite looks at every folder of the path, so no way past a closed one helps.
  const isReachable = await access(realPath).then(
    () => true,
    () => false,
  )
  if (isReachable) return { path: realPath }
  // /var/lib/private, say, where systemd keeps the state of a service with DynamicUser=.
  return {
    problem:
      `${realPath} is below a folder that is closed to its owner, the user ${found.uid}; ` +
      'docs/systemd.md shows how to run this within the service',
  }
}

/** False where root has not all rights of root, as in a container that dropped them. */
function become({ uid, gid }: { readonly uid: number; readonly gid: number }): boolean {
  try {
    process.setgroups?.([])
    process.setgid?.(gid)
    process.setuid?.(uid)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
    return false
  }
}
