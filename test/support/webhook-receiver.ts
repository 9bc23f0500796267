import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import type { CertificateFiles } from './certificates.js'

/** A notification as it arrived. */
export interface Received {
  readonly body: Readonly<Record<string, unknown>>
  readonly raw: Buffer
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly path: string
}

/** What a receiver does with a request: answers with this status, or leaves it without an answer. */
export type Behaviour = number | 'silent'

/** A real receiver of webhooks on a port of its own. */
export interface WebhookReceiver {
  readonly url: string
  /** Every request that came whole, also those that were refused. */
  readonly received: readonly Received[]
  /** 200 until it is told otherwise. */
  behave(behaviour: Behaviour): void
  /** Those about a group, of some event if that is given. */
  about(group: string | null, event?: string): readonly Received[]
  close(): Promise<void>
}

/** Starts a receiver; with a certificate it speaks TLS. */
export async function startWebhookReceiver(tls?: CertificateFiles): Promise<WebhookReceiver> {
  const received: Received[] = []
  let behaviour: Behaviour = 200
  const server =
    tls === undefined
      ? createServer()
      : createTlsServer({ cert: await readFile(tls.certPath), key: await readFile(tls.keyPath) })
  server.on('request', (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const raw = Buffer.concat(chunks)
      const body = JSON.parse(raw.toString('utf8')) as Received['body']
      received.push({ body, raw, headers: request.headers, path: request.url ?? '' })
      if (behaviour === 'silent') return
      response.statusCode = behaviour
      response.end('ok')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/hooks/s3cret-token`,
    received,
    behave: (next) => {
      behaviour = next
    },
    about: (group, event) =>
      received.filter(
        ({ body }) => body['group'] === group && (event ?? body['event']) === body['event'],
      ),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
