import { createSecureContext } from 'node:tls'
import { readAuthorities } from './authorities.js'
import { FileReport, type NamedFile } from './file-report.js'
import { readKeyPair, type KeyPair, type KeyPairFiles } from './key-pair.js'
import type { Reading } from './watched-files.js'

/** What a service shows, and whom it lets in. PEM. */
export interface ServerTlsFiles extends KeyPairFiles {
  /** The authorities that clients' certificates must come from; without it none is asked for. */
  readonly clientAuthorities?: NamedFile
}

/** What a service needs to speak TLS. */
export interface ServerTls extends KeyPair {
  readonly clientAuthorities?: Buffer
}

/**
 * Reads and checks what a service needs to speak TLS. A certificate out of its time is no problem: a
 * daemon that starts a day late would otherwise turn a warning into an outage.
 */
export async function readServerTls(files: ServerTlsFiles): Promise<Reading<ServerTls>> {
  const report = new FileReport()
  const pair = await readKeyPair(files, 'server', report)
  const clientAuthorities =
    files.clientAuthorities && (await readAuthorities(files.clientAuthorities, report))
  if (pair === undefined || report.problems.length > 0) return { value: undefined, report }
  try {
    createSecureContext({ cert: pair.certChain, key: pair.privateKey, ca: clientAuthorities })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const { path, file } = files.certificate
    report.problem(path, `${file} cannot be used for TLS (${reason})`)
    return { value: undefined, report }
  }
  return { value: { ...pair, ...(clientAuthorities && { clientAuthorities }) }, report }
}
