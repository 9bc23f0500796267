import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

// Server packages install to folders that an ordinary user's PATH may lack.
const USUAL_FOLDERS = ['/usr/local/bin', '/usr/bin', '/usr/local/sbin', '/usr/sbin']

/** Where to look, other than on this machine. */
export interface FindProgramOptions {
  readonly environment?: NodeJS.ProcessEnv
  readonly usualFolders?: readonly string[]
}

/**
 * Where a program is: what the environment's `variable` names, or the first with one of `names` in the
 * PATH or the usual folders; undefined if there is none. Throws if what the variable names cannot be run.
 */
export async function findProgram(
  variable: string,
  names: readonly string[],
  { environment = process.env, usualFolders = USUAL_FOLDERS }: FindProgramOptions = {},
): Promise<string | undefined> {
  const asked = environment[variable] ?? ''
  if (asked !== '') {
    if (await isExecutable(asked)) return asked
    throw new Error(`${variable} names '${asked}', which is not an executable file`)
  }
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const folder of [...folders, ...usualFolders]) {
    for (const name of names) {
      if (await isExecutable(join(folder, name))) return join(folder, name)
    }
  }
  return undefined
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
