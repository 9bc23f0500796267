import { execFile, execFileSync } from 'node:child_process'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { atExit } from '../support/at-exit.js'
import { createTempFolder } from '../support/temp-folder.js'

const run = promisify(execFile)

/** A disk for one process's files that a test can fill. */
export interface SmallDisk {
  readonly path: string
  /** Whether it is a disk, or only a limit on the size of the process's files. */
  readonly kind: 'tmpfs' | 'limit'
  fill(pid: number): Promise<void>
  makeRoom(pid: number): Promise<void>
  remove(): Promise<void>
}

const CHUNK = Buffer.alloc(4096)

/** A tmpfs of some MiB where this user may mount one; elsewhere a folder, and a limit on file sizes. */
export async function createSmallDisk(mebibytes: number): Promise<SmallDisk> {
  const folder = await createTempFolder()
  const { path } = folder
  const filler = join(path, 'filler')
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path])
  } catch {
    const limit = async (pid: number, bytes: string): Promise<void> => {
      await run('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`])
    }
    return {
      path,
      kind: 'limit',
      fill: (pid) => limit(pid, '4096'),
      makeRoom: (pid) => limit(pid, 'unlimited'),
      remove: () => folder.remove(),
    }
  }
  const forget = atExit(() => execFileSync('umount', ['-l', path]))
  return {
    path,
    kind: 'tmpfs',
    fill: () => fillWith(filler),
    makeRoom: () => rm(filler),
    remove: async () => {
      await run('umount', ['-l', path])
      forget()
      await folder.remove()
    },
  }
}

async function fillWith(filler: string): Promise<void> {
  const file = await open(filler, 'a')
  try {
    for (;;) await file.write(CHUNK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    await file.close()
  }
}
