import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { FileReport, NamedFile } from './file-report.js'

/** Whom a certificate is shown by. */
export type CertificateRole = 'client' | 'server'

/** Where a certificate, with its chain, and its key stand. PEM. */
export interface KeyPairFiles {
  readonly certificate: NamedFile
  readonly key: NamedFile
}

/** A certificate, with its chain, and its key: they belong together. */
export interface KeyPair {
  readonly certChain: Buffer
  readonly privateKey: Buffer
  /** From when and until when the first certificate counts, in milliseconds since the epoch. */
  readonly beginsAt: number
  readonly expiresAt: number
}

/** Warn this long before a certificate expires: two weeks leave time to renew by hand. */
export const EXPIRY_WARNING_MS = 14 * 24 * 60 * 60 * 1000

interface Demand {
  /** The extended key usage that the role needs (RFC 5280, 4.2.1.12). */
  readonly usage: string
  readonly missingUsage: string
}

const DEMANDS: Readonly<Record<CertificateRole, Demand>> = {
  client: {
    usage: '1.3.6.1.5.5.7.3.2',
    missingUsage:
      'is not made for TLS clients (its extended key usage lacks clientAuth); etcd will probably refuse it',
  },
  server: {
    usage: '1.3.6.1.5.5.7.3.1',
    missingUsage:
      'is not made for TLS servers (its extended key usage lacks serverAuth); clients will refuse it',
  },
}

/**
 * Reads and checks a certificate and its key; undefined after a problem. Whether the certificate is
 * within its time is for the caller to judge.
 */
export async function readKeyPair(
  { certificate: certificateFile, key: keyFile }: KeyPairFiles,
  role: CertificateRole,
  report: FileReport,
): Promise<KeyPair | undefined> {
  const certChain = await report.read(certificateFile)
  const privateKey = await report.read(keyFile)
  const certificate = attempt(
    () => certChain && new X509Certificate(certChain),
    (reason) => {
      const message = `${certificateFile.file} is not a PEM certificate (${reason})`
      report.problem(certificateFile.path, message)
    },
  )
  const key = attempt(
    () => privateKey && createPrivateKey(privateKey),
    (reason) => {
      const message = `${keyFile.file} is not an unencrypted PEM private key (${reason})`
      report.problem(keyFile.path, message)
    },
  )
  if (certificate !== undefined) {
    checkUsage(certificate, role, certificateFile, report)
    if (key !== undefined && !certificate.checkPrivateKey(key)) {
      const message = `${keyFile.file} is not the key of the certificate ${certificateFile.file}`
      report.problem(keyFile.path, message)
      return undefined
    }
  }
  if (certChain === undefined || privateKey === undefined) return undefined
  if (certificate === undefined || key === undefined) return undefined
  return {
    certChain,
    privateKey,
    beginsAt: Date.parse(certificate.validFrom),
    expiresAt: Date.parse(certificate.validTo),
  }
}

function checkUsage(
  certificate: X509Certificate,
  role: CertificateRole,
  { path, file }: NamedFile,
  report: FileReport,
): void {
  const usages = certificate.keyUsage as readonly string[] | undefined
  if (usages !== undefined && usages.length > 0 && !usages.includes(DEMANDS[role].usage)) {
    report.warning(path, `${file} ${DEMANDS[role].missingUsage}`)
  }
  if (role === 'server' && certificate.subjectAltName === undefined) {
    report.warning(path, `${file} has no subjectAltName; clients will refuse it`)
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
