import { X509Certificate } from 'node:crypto'
import type { FileReport, NamedFile } from './file-report.js'

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/** Reads a PEM bundle of certificates to verify others against; undefined after a problem. */
export async function readAuthorities(
  named: NamedFile,
  report: FileReport,
): Promise<Buffer | undefined> {
  const content = await report.read(named)
  if (content === undefined) return undefined
  const certificates = content.toString('latin1').match(PEM_CERTIFICATE) ?? []
  if (certificates.length > 0 && certificates.every(isCertificate)) return content
  report.problem(named.path, `${named.file} is not a PEM bundle of certificates`)
  return undefined
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem)
    return true
  } catch {
    return false
  }
}
