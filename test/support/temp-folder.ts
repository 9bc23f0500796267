import { rmSync } from 'node:fs'
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atExit } from './at-exit.js'

/** A folder of its own for one test; it vanishes with {@link TempFolder.remove}, at the latest at exit. */
export interface TempFolder {
  readonly path: string
  /** The absolute path of a name in the folder, whether or not it exists. */
  file(name: string): string
  /** Writes a file and resolves to its absolute path. */
  write(name: string, content: string | Uint8Array, mode?: number): Promise<string>
  /** Removes the folder and all that is in it; calling it again does nothing. */
  remove(): Promise<void>
}

/** Makes an empty folder below the system's folder for temporary files, readable by this user only. */
export async function createTempFolder(): Promise<TempFolder> {
  const path = await mkdtemp(join(await realpath(tmpdir()), 'airlock-test-'))
  const forget = atExit(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }))
  const file = (name: string): string => join(path, name)
  return {
    path,
    file,
    async write(name, content, mode = 0o600) {
      await writeFile(file(name), content, { mode })
      return file(name)
    },
    async remove() {
      await rm(path, { recursive: true, force: true, maxRetries: 5 })
      forget()
    },
  }
}
