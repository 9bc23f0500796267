import { createHmac } from 'node:crypto'
import { request as requestHttp, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Clock } from '../calendar/clock.js'
import { readAuthorities } from '../credentials/authorities.js'
import { FileReport, type FileProblem } from '../credentials/file-report.js'
import { MAX_ANSWER_BYTES, MAX_SECRET_BYTES } from './bounds.js'
import type { NotificationType } from './notification.js'
import type { Attempt } from './webhook-queue.js'

/** A receiver of notifications. */
export interface Webhook {
  /** `http` or `https`; it may hold a secret. */
  readonly url: string
  readonly events: readonly NotificationType[]
  /** Hard bound on one attempt. */
  readonly timeoutMs: number
  /** File with the secret by which bodies are signed. */
  readonly secretPath?: string
  /** PEM bundle; without it, the authorities that Node.js knows by itself. */
  readonly caCertPath?: string
}

/** The header with the signature: `sha256=` and the HMAC-SHA256 of the body in hexadecimal. */
export const SIGNATURE_HEADER = 'x-airlock-signature'

/** Answers outside of 2xx after which the same body may still be taken: a server's troubles, not ours. */
const RETRIED_STATUSES = new Set([408, 425, 429])

interface WebhookFiles {
  readonly secret?: Buffer
  readonly authorities?: Buffer
}

/** What is wrong with the files that a webhook names; `place` is the TOML path of its table. */
export async function checkWebhookFiles(
  webhook: Webhook,
  place: string,
): Promise<readonly FileProblem[]> {
  const report = new FileReport()
  await readFiles(webhook, place, report)
  return report.problems
}

/**
 * Posts a body once and never rejects. Redirects are not followed. The files are read anew for each
 * attempt, so that a secret may change; the connection is new too, since one that idles may be dead.
 */
export async function postToWebhook(
  webhook: Webhook,
  body: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Attempt> {
  const stop = new AbortController()
  let isLate = false as boolean
  const abort = (): void => stop.abort()
  const cancel = clock.schedule(webhook.timeoutMs, () => {
    isLate = true
    abort()
  })
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    const report = new FileReport()
    const files = await readFiles(webhook, '', report)
    if (report.problems.length > 0) {
      return failed(report.problems.map(({ message }) => message).join('; '))
    }
    stop.signal.throwIfAborted()
    return judge(await post(webhook.url, body, files, stop.signal))
  } catch (error) {
    return failed(isLate ? `no answer within ${webhook.timeoutMs} ms` : reasonOf(error))
  } finally {
    cancel()
    signal.removeEventListener('abort', abort)
  }
}

function judge(status: number): Attempt {
  if (status >= 200 && status <= 299) return { outcome: 'delivered' }
  const reason = `it answered ${status}`
  if (status >= 500 || RETRIED_STATUSES.has(status)) return failed(reason)
  return { outcome: 'refused', reason }
}

function failed(reason: string): Attempt {
  return { outcome: 'failed', reason }
}

async function readFiles(
  { secretPath, caCertPath, url }: Webhook,
  place: string,
  report: FileReport,
): Promise<WebhookFiles> {
  const secret =
    secretPath === undefined
      ? undefined
      : await readSecret(report, `${place}.secret_path`, secretPath)
  const named = { path: `${place}.ca_cert_path`, file: caCertPath ?? '' }
  const isVerified = caCertPath !== undefined && url.startsWith('https:')
  const authorities = isVerified ? await readAuthorities(named, report) : undefined
  return { ...(secret && { secret }), ...(authorities && { authorities }) }
}

/** The bytes of a file without the newline at its end. */
async function readSecret(
  report: FileReport,
  path: string,
  file: string,
): Promise<Buffer | undefined> {
  const bytes = await report.read({ path, file })
  if (bytes === undefined) return undefined
  const secret = Buffer.from(bytes.toString('latin1').replace(/\r?\n$/, ''), 'latin1')
  if (secret.length === 0) report.problem(path, `${file} is empty`)
  else if (secret.length > MAX_SECRET_BYTES)
    report.problem(path, `${file} is too long for a secret`)
  return secret
}

/** Resolves to the answer's status when the answer has ended, or is too long to be waited for. */
function post(
  url: string,
  text: string,
  { secret, authorities }: WebhookFiles,
  signal: AbortSignal,
): Promise<number> {
  const body = Buffer.from(text, 'utf8')
  const options: RequestOptions & { readonly ca?: Buffer } = {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'content-length': body.length,
      'user-agent': 'airlock',
      ...(secret !== undefined && { [SIGNATURE_HEADER]: sign(body, secret) }),
    },
    agent: false,
    signal,
    ...(authorities !== undefined && { ca: authorities }),
  }
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? requestHttps : requestHttp
    const request = send(url, options)
    request.on('error', reject)
    request.on('response', (response) => {
      let size = 0
      const finish = (): void => resolve(response.statusCode ?? 0)
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > MAX_ANSWER_BYTES) response.destroy()
      })
      response.on('close', finish).on('error', finish)
    })
    request.end(body)
  })
}

function sign(body: Buffer, secret: Buffer): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

/** Where a name has several addresses, Node.js gives one error for each, and no message for all. */
function reasonOf(error: unknown): string {
  const one: unknown = error instanceof AggregateError ? error.errors[0] : error
  return one instanceof Error ? one.message : String(one)
}
