import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readAuthorities } from '../credentials/authorities.js'
import { FileReport, type NamedFile } from '../credentials/file-report.js'
import { EXPIRY_WARNING_MS, readKeyPair, type KeyPair } from '../credentials/key-pair.js'
import type { EtcdOptions, StoreProblem } from './store-options.js'

/** What the etcd client needs for TLS and authentication, read from files. */
export interface EtcdCredentials {
  readonly tls?: {
    readonly rootCertificate: Buffer
    readonly privateKey?: Buffer
    readonly certChain?: Buffer
  }
  readonly auth?: { readonly username: string; readonly password: string }
}

/** Either usable credentials, or every problem at once; warnings in both cases. */
export interface CredentialsReading {
  readonly credentials: EtcdCredentials
  readonly problems: readonly StoreProblem[]
  readonly warnings: readonly StoreProblem[]
}

/** Where distributions keep their roots, in the order in which Go's crypto/x509 looks. */
const SYSTEM_ROOTS = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

/**
 * Reads and checks the files that the options name. The etcd client itself reports a wrong file late,
 * vaguely or never.
 *
 * @param environment SSL_CERT_FILE and SSL_CERT_DIR replace the system's roots, as in Go programs.
 * @param now the wall clock, in milliseconds since the epoch
 */
export async function readEtcdCredentials(
  options: EtcdOptions,
  environment: Readonly<Record<string, string | undefined>>,
  now: number,
): Promise<CredentialsReading> {
  const report = new FileReport()
  const { problems, warnings } = report
  const password = await readPassword(options, report)
  const auth =
    options.username === undefined || password === undefined
      ? {}
      : { auth: { username: options.username, password } }
  if (!options.isSecure) return { credentials: auth, problems, warnings }

  const rootCertificate =
    options.caCertPath === undefined
      ? await readSystemRoots(environment, report)
      : await readAuthorities({ path: 'etcd3.ca_cert_path', file: options.caCertPath }, report)
  const pair = await readClientPair(options, now, report)
  const tls = { rootCertificate: rootCertificate ?? Buffer.alloc(0), ...pair }
  return { credentials: { ...auth, tls }, problems, warnings }
}

async function readPassword(options: EtcdOptions, report: FileReport): Promise<string | undefined> {
  if (options.passwordPath === undefined) return undefined
  const named = { path: 'etcd3.password_path', file: options.passwordPath }
  const content = await report.read(named)
  const password = content?.toString('utf8').replace(/\r?\n$/, '')
  if (password === '') {
    report.problem(named.path, `${named.file} is empty`)
  }
  return password
}

async function readSystemRoots(
  environment: Readonly<Record<string, string | undefined>>,
  report: FileReport,
): Promise<Buffer> {
  const file = environment['SSL_CERT_FILE']
  const files = file === undefined || file === '' ? SYSTEM_ROOTS : [file]
  const parts: Buffer[] = []
  for (const path of files) {
    const content = await readFile(path).catch(() => undefined)
    if (content === undefined) continue
    parts.push(content)
    break
  }
  for (const folder of (environment['SSL_CERT_DIR'] ?? '').split(':').filter((it) => it !== '')) {
    for (const name of await readdir(folder).catch(() => [])) {
      if (!/\.(pem|crt)$/.test(name)) continue
      const content = await readFile(join(folder, name)).catch(() => undefined)
      if (content !== undefined) parts.push(content, Buffer.from('\n'))
    }
  }
  if (parts.length === 0) {
    const message = `is not set, and the system's certificate authorities were not found (looked for ${files.join(', ')}, and in SSL_CERT_DIR); name a PEM bundle`
    report.problem('etcd3.ca_cert_path', message)
  }
  return Buffer.concat(parts)
}

async function readClientPair(
  options: EtcdOptions,
  now: number,
  report: FileReport,
): Promise<{ certChain?: Buffer; privateKey?: Buffer }> {
  const { clientCertPath, clientKeyPath } = options
  if (clientCertPath === undefined || clientKeyPath === undefined) return {}
  const certificate = { path: 'etcd3.client_cert_pub_path', file: clientCertPath }
  const key = { path: 'etcd3.client_cert_key_path', file: clientKeyPath }
  const pair = await readKeyPair({ certificate, key }, 'client', report)
  if (pair === undefined) return {}
  checkTime(pair, certificate, now, report)
  return { certChain: pair.certChain, privateKey: pair.privateKey }
}

function checkTime(
  { beginsAt, expiresAt }: KeyPair,
  { path, file }: NamedFile,
  now: number,
  report: FileReport,
): void {
  const day = (time: number): string => new Date(time).toISOString()
  if (expiresAt <= now) report.problem(path, `${file} has expired on ${day(expiresAt)}`)
  else if (beginsAt > now) report.problem(path, `${file} is not valid before ${day(beginsAt)}`)
  else if (expiresAt - now < EXPIRY_WARNING_MS) {
    report.warning(path, `${file} expires on ${day(expiresAt)}`)
  }
}
