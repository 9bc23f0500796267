import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createTempFolder, type TempFolder } from './temp-folder.js'

const run = promisify(execFile)

/** contrib's own script. */
export const CERTIFICATES_SCRIPT = join(import.meta.dirname, '../../../contrib/tls/certificates.sh')

const TIMEOUT_MS = 20_000

/** Makes a CA and the certificates of the example in a new folder, with contrib's own script. */
export async function makeContribCertificates(): Promise<TempFolder> {
  const folder = await createTempFolder()
  const make = (...args: readonly string[]): Promise<unknown> =>
    run(CERTIFICATES_SCRIPT, [folder.path, ...args], { timeout: TIMEOUT_MS })
  await make('ca')
  await make('etcd', 'etcd1.example.com', '10.0.1.33')
  await make('client')
  await make('service', 'airlock.example.com')
  return folder
}
