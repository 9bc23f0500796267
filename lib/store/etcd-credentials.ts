import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
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

/** Warn this long before a client certificate expires: two weeks leave time to renew by hand. */
const EXPIRY_WARNING_MS = 14 * 24 * 60 * 60 * 1000

/** The extended key usage that a certificate needs to act as a TLS client (RFC 5280, 4.2.1.12). */
const CLIENT_AUTH_OID = '1.3.6.1.5.5.7.3.2'

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
  const report = { problems: [] as StoreProblem[], warnings: [] as StoreProblem[] }
  const password = await readPassword(options, report)
  const auth =
    options.username === undefined || password === undefined
      ? {}
      : { auth: { username: options.username, password } }
  if (!options.isSecure) return { credentials: auth, ...report }

  const rootCertificate =
    options.caCertPath === undefined
      ? await readSystemRoots(environment, report)
      : await readAuthorities(options.caCertPath, report)
  const pair = await readPair(options, now, report)
  return { credentials: { ...auth, tls: { rootCertificate, ...pair } }, ...report }
}

interface Report {
  readonly problems: StoreProblem[]
  readonly warnings: StoreProblem[]
}

async function readPassword(options: EtcdOptions, report: Report): Promise<string | undefined> {
  if (options.passwordPath === undefined) return undefined
  const content = await readText('etcd3.password_path', options.passwordPath, report)
  const password = content?.toString('utf8').replace(/\r?\n$/, '')
  if (password === '') {
    report.problems.push({
      path: 'etcd3.password_path',
      message: `${options.passwordPath} is empty`,
    })
  }
  return password
}

async function readAuthorities(path: string, report: Report): Promise<Buffer> {
  const content = await readText('etcd3.ca_cert_path', path, report)
  if (content === undefined) return Buffer.alloc(0)
  const certificates = content.toString('latin1').match(PEM_CERTIFICATE) ?? []
  if (certificates.length === 0 || !certificates.every(isCertificate)) {
    report.problems.push({
      path: 'etcd3.ca_cert_path',
      message: `${path} is not a PEM bundle of certificates`,
    })
  }
  return content
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem)
    return true
  } catch {
    return false
  }
}

async function readSystemRoots(
  environment: Readonly<Record<string, string | undefined>>,
  report: Report,
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
    report.problems.push({
      path: 'etcd3.ca_cert_path',
      message: `is not set, and the system's certificate authorities were not found (looked for ${files.join(', ')}, and in SSL_CERT_DIR); name a PEM bundle`,
    })
  }
  return Buffer.concat(parts)
}

interface Pair {
  readonly certChain?: Buffer
  readonly privateKey?: Buffer
}

async function readPair(options: EtcdOptions, now: number, report: Report): Promise<Pair> {
  const { clientCertPath, clientKeyPath } = options
  if (clientCertPath === undefined || clientKeyPath === undefined) return {}
  const certPath = 'etcd3.client_cert_pub_path'
  const keyPath = 'etcd3.client_cert_key_path'
  const certChain = await readText(certPath, clientCertPath, report)
  const privateKey = await readText(keyPath, clientKeyPath, report)
  const certificate = attempt(
    () => certChain && new X509Certificate(certChain),
    (reason) => {
      report.problems.push({
        path: certPath,
        message: `${clientCertPath} is not a PEM certificate (${reason})`,
      })
    },
  )
  const key = attempt(
    () => privateKey && createPrivateKey(privateKey),
    (reason) => {
      report.problems.push({
        path: keyPath,
        message: `${clientKeyPath} is not an unencrypted PEM private key (${reason})`,
      })
    },
  )
  if (certificate !== undefined) checkClientCertificate(certificate, clientCertPath, now, report)
  if (certificate !== undefined && key !== undefined && !isPair(certificate, key)) {
    report.problems.push({
      path: keyPath,
      message: `${clientKeyPath} is not the key of the certificate ${clientCertPath}`,
    })
  }
  return {
    ...(certChain === undefined ? {} : { certChain }),
    ...(privateKey === undefined ? {} : { privateKey }),
  }
}

function isPair(certificate: X509Certificate, key: KeyObject): boolean {
  return certificate.checkPrivateKey(key)
}

function checkClientCertificate(
  certificate: X509Certificate,
  file: string,
  now: number,
  report: Report,
): void {
  const path = 'etcd3.client_cert_pub_path'
  const begins = Date.parse(certificate.validFrom)
  const ends = Date.parse(certificate.validTo)
  const day = (time: number): string => new Date(time).toISOString()
  if (ends <= now) {
    report.problems.push({ path, message: `${file} has expired on ${day(ends)}` })
  } else if (begins > now) {
    report.problems.push({ path, message: `${file} is not valid before ${day(begins)}` })
  } else if (ends - now < EXPIRY_WARNING_MS) {
    report.warnings.push({ path, message: `${file} expires on ${day(ends)}` })
  }
  const usages = certificate.keyUsage as readonly string[] | undefined
  if (usages !== undefined && usages.length > 0 && !usages.includes(CLIENT_AUTH_OID)) {
    report.warnings.push({
      path,
      message: `${file} is not made for TLS clients (its extended key usage lacks clientAuth); etcd will probably refuse it`,
    })
  }
}

function attempt<T>(produce: () => T, onFailure: (reason: string) => void): T | undefined {
  try {
    return produce()
  } catch (error) {
    onFailure(error instanceof Error ? error.message : String(error))
    return undefined
  }
}

async function readText(path: string, file: string, report: Report): Promise<Buffer | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    report.problems.push({ path, message: `cannot read ${file}: ${readFailure(error)}` })
    return undefined
  }
}

function readFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return 'no such file'
  if (code === 'EACCES') return 'permission denied'
  if (code === 'EISDIR') return 'it is a folder'
  return error instanceof Error ? error.message : String(error)
}
