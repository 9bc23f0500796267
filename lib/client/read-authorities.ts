import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** PEM certificates to trust, or why there are none, as a whole sentence. */
export type Authorities = { readonly pem: string } | { readonly problem: string }

/** Reads a bundle; OpenSSL would pass over what is no certificate, and then trust nobody. */
export async function readAuthorities(file: string): Promise<Authorities> {
  let pem: string
  try {
    pem = await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'there is no such file' : (code ?? String(error))
    return { problem: `${file} cannot be read: ${reason}` }
  }
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)
  if (blocks === null) return { problem: `${file} has no PEM certificate in it` }
  try {
    for (const block of blocks) new X509Certificate(block)
  } catch {
    return { problem: `${file} has a certificate that cannot be read` }
  }
  return { pem }
}
