import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A binary to run, or an image to run in a container. */
export type EtcdSource =
  | { readonly kind: 'binary'; readonly path: string; readonly mayRunWithoutFsync: boolean }
  | { readonly kind: 'container'; readonly image: string; readonly mayRunWithoutFsync: boolean }

// Server packages install to folders that an ordinary user's PATH may lack.
const USUAL_FOLDERS = ['/usr/local/bin', '/usr/bin', '/usr/local/sbin', '/usr/sbin']
const VERSION_TIMEOUT_MS = 10_000

/**
 * Where this machine's etcd is: `AIRLOCK_TEST_ETCD`, the PATH, or the image that test/run.sh pulled
 * and names in `AIRLOCK_TEST_ETCD_IMAGE`. Throws with what to do if there is none, or an unusable one.
 */
export async function findEtcd(
  environment: NodeJS.ProcessEnv = process.env,
  usualFolders: readonly string[] = USUAL_FOLDERS,
): Promise<EtcdSource> {
  const asked = environment['AIRLOCK_TEST_ETCD'] ?? ''
  if (asked !== '') {
    if (!(await isExecutable(asked))) {
      throw new Error(`AIRLOCK_TEST_ETCD names '${asked}', which is not an executable file`)
    }
    return inspect(asked)
  }
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const folder of [...folders, ...usualFolders]) {
    if (await isExecutable(join(folder, 'etcd'))) {
      return inspect(join(folder, 'etcd'))
    }
  }
  const image = environment['AIRLOCK_TEST_ETCD_IMAGE'] ?? ''
  if (image !== '') {
    return { kind: 'container', image, mayRunWithoutFsync: true }
  }
  throw new Error(
    'these tests need a real etcd, and there is none here: `npm test` installs what is missing, or ' +
      'type: apt-get install -y --no-install-recommends etcd-server',
  )
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function inspect(path: string): Promise<EtcdSource> {
  const { stdout } = await run(path, ['--version'], { timeout: VERSION_TIMEOUT_MS })
  const [, major, minor] = /^etcd Version: (\d+)\.(\d+)\./.exec(stdout) ?? []
  if (major === undefined || Number(major) * 1_000 + Number(minor) < 3_004) {
    throw new Error(`${path} is not an etcd of version 3.4 or later; it says: ${stdout.trim()}`)
  }
  const mayRunWithoutFsync = await run(path, ['--unsafe-no-fsync', '--version'], {
    timeout: VERSION_TIMEOUT_MS,
  }).then(
    ({ stdout: answer }) => answer.startsWith('etcd Version:'),
    () => false,
  )
  return { kind: 'binary', path, mayRunWithoutFsync }
}
