import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findProgram, type FindProgramOptions } from './find-program.js'

const run = promisify(execFile)

/** A binary to run, or an image to run in a container. */
export type EtcdSource =
  | { readonly kind: 'binary'; readonly path: string; readonly mayRunWithoutFsync: boolean }
  | { readonly kind: 'container'; readonly image: string; readonly mayRunWithoutFsync: boolean }

const VERSION_TIMEOUT_MS = 10_000

/**
 * Where this machine's etcd is: `AIRLOCK_TEST_ETCD`, the PATH, or the image that test/run.sh pulled
 * and names in `AIRLOCK_TEST_ETCD_IMAGE`. Throws with what to do if there is none, or an unusable one.
 */
export async function findEtcd(options: FindProgramOptions = {}): Promise<EtcdSource> {
  const path = await findProgram('AIRLOCK_TEST_ETCD', ['etcd'], options)
  if (path !== undefined) return inspect(path)
  const { environment = process.env } = options
  const image = environment['AIRLOCK_TEST_ETCD_IMAGE'] ?? ''
  if (image !== '') {
    return { kind: 'container', image, mayRunWithoutFsync: true }
  }
  throw new Error(
    'these tests need a real etcd, and there is none here: `npm test` installs what is missing, or ' +
      'type: apt-get install -y --no-install-recommends etcd-server',
  )
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
