import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { CertificateFiles } from './certificates.js'

/** A whole request, as the fake server got it. */
export interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Answers a request, or does not; `index` counts from 0. */
export type FakeHandler = (
  response: ServerResponse,
  request: RecordedRequest,
  index: number,
) => void

/** An HTTP or HTTPS server on 127.0.0.1 that answers as a test wants, and keeps what it was asked. */
export class FakeServer {
  readonly requests: RecordedRequest[] = []
  readonly #server: Server
  readonly #scheme: string

  private constructor(server: Server, scheme: string, handler: FakeHandler) {
    this.#server = server
    this.#scheme = scheme
    server.on('request', (request, response: ServerResponse) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { method = '', url = '', headers } = request
        const body = Buffer.concat(chunks).toString('utf8')
        const recorded = { method, path: url, headers, body }
        this.requests.push(recorded)
        handler(response, recorded, this.requests.length - 1)
      })
    })
  }

  /** Listens on a free port; with a certificate it speaks TLS. */
  static async start(handler: FakeHandler, certificate?: CertificateFiles): Promise<FakeServer> {
    const server =
      certificate === undefined
        ? createHttpServer()
        : createHttpsServer({
            cert: await readFile(certificate.certPath),
            key: await readFile(certificate.keyPath),
          })
    const fake = new FakeServer(server, certificate === undefined ? 'http' : 'https', handler)
    server.listen({ port: 0, host: '127.0.0.1', exclusive: true })
    await once(server, 'listening')
    return fake
  }

  /** Ends with a slash. */
  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}/`
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** What was asked for, in order: `pre-reboot`, `steady-state`. */
  get operations(): readonly string[] {
    return this.requests.map(({ path }) => path.replace('/v1/', ''))
  }

  /** Cuts every connection and gives the port back. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}

/** Answers with a FleetLock error, or with nothing at all for a 2xx. */
export function answer(response: ServerResponse, status: number, kind?: string, value = ''): void {
  response.writeHead(status).end(kind === undefined ? '' : JSON.stringify({ kind, value }))
}
