import { readAuthorities } from '../credentials/authorities.js'
import { FileReport, type NamedFile } from '../credentials/file-report.js'
import { MAX_SECRET_BYTES } from './bounds.js'

/** A server that a gate asks, and how to show who asks. */
export interface Remote {
  /** `http` or `https`, without a user or a password. */
  readonly url: string
  /** Hard bound on one question. */
  readonly timeoutMs: number
  /** A token for `Authorization: Bearer`. */
  readonly bearerTokenPath?: string
  /** Given together with `passwordPath`, or not at all; never with a token. */
  readonly username?: string
  readonly passwordPath?: string
  /** PEM bundle; without it, the authorities that Node knows by itself. */
  readonly caCertPath?: string
}

/** What a remote's files say: the headers to send, and the authorities to verify its certificate against. */
export interface RemoteCredentials {
  readonly headers: Readonly<Record<string, string>>
  readonly authorities?: Buffer
}

/**
 * Reads the files of a remote: anew for each question, as Prometheus does with its own, so that tokens may
 * change. What is wrong is in the report, under the TOML path `place` of the remote's table.
 */
export async function readRemoteCredentials(
  remote: Remote,
  place: string,
  report: FileReport,
): Promise<RemoteCredentials | undefined> {
  const { bearerTokenPath, username, passwordPath, caCertPath, url } = remote
  const read = (key: string, file: string): Promise<string | undefined> =>
    readSecret({ path: `${place}.${key}`, file }, report)
  const headers: Record<string, string> = {}
  if (bearerTokenPath !== undefined) {
    headers['authorization'] = `Bearer ${(await read('bearer_token_path', bearerTokenPath)) ?? ''}`
  } else if (username !== undefined && passwordPath !== undefined) {
    const password = (await read('password_path', passwordPath)) ?? ''
    const pair = Buffer.from(`${username}:${password}`, 'utf8').toString('base64')
    headers['authorization'] = `Basic ${pair}`
  }
  const isVerified = caCertPath !== undefined && url.startsWith('https:')
  const authorities = isVerified
    ? await readAuthorities({ path: `${place}.ca_cert_path`, file: caCertPath }, report)
    : undefined
  if (report.problems.length > 0) return undefined
  return { headers, ...(authorities !== undefined && { authorities }) }
}

/** The text of a file without the newline at its end; undefined after a problem. */
async function readSecret(named: NamedFile, report: FileReport): Promise<string | undefined> {
  const bytes = await report.read(named)
  if (bytes === undefined) return undefined
  const secret = bytes.toString('utf8').replace(/\r?\n$/, '')
  if (secret === '') report.problem(named.path, `${named.file} is empty`)
  else if (bytes.length > MAX_SECRET_BYTES || /[\0\r\n]/.test(secret)) {
    report.problem(
      named.path,
      `${named.file} holds no secret: it has several lines, or is too long`,
    )
  } else return secret
  return undefined
}
