import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { eventually } from './eventually.js'

/** An answer as it came over the wire; header names in lower case. */
export interface RawResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const WITHIN_MS = 10_000

/** A TCP connection to an HTTP server, on which a test writes what no HTTP client would. */
export class RawConnection {
  readonly #socket: Socket
  readonly #closed: Promise<void>
  #received = Buffer.alloc(0)

  /** Use {@link open}. */
  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
    })
    // A reset is an end too; what was received says whether it was a good one.
    socket.on('error', () => undefined)
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()))
  }

  /** Connects to the host and port of a URL. */
  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url)
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port),
      allowHalfOpen: true,
    })
    await once(socket, 'connect')
    return new RawConnection(socket)
  }

  write(data: string | Uint8Array): void {
    this.#socket.write(data)
  }

  /** Says that nothing more is sent, and goes on receiving. */
  endWriting(): void {
    this.#socket.end()
  }

  /** Goes away; what the server sends is lost. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Goes away with a reset. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }

  /** Waits for so many answers, each with a Content-Length; rejects after 10 s. */
  responses(count: number): Promise<readonly RawResponse[]> {
    return eventually(
      () => {
        const responses = parseResponses(this.#received)
        if (responses.length < count) {
          throw new Error(`expected ${count} answers, got: ${this.#received.toString('utf8')}`)
        }
        return responses
      },
      { timeoutMs: WITHIN_MS },
    )
  }

  /** Waits until the server has ended the connection, and resolves to all that it answered. */
  async untilEnded(): Promise<readonly RawResponse[]> {
    await eventually(
      () => {
        if (!this.#socket.readableEnded && !this.#socket.destroyed) {
          throw new Error('the server has not ended the connection')
        }
      },
      { timeoutMs: WITHIN_MS },
    )
    this.#socket.destroy()
    await this.#closed
    return parseResponses(this.#received)
  }
}

function parseResponses(received: Buffer): readonly RawResponse[] {
  const responses: RawResponse[] = []
  for (let rest = received; ;) {
    const headEnd = rest.indexOf('\r\n\r\n')
    if (headEnd < 0) return responses
    const [first = '', ...lines] = rest.subarray(0, headEnd).toString('latin1').split('\r\n')
    const headers = Object.fromEntries(
      lines.map((line) => {
        const [name = '', ...value] = line.split(': ')
        return [name.toLowerCase(), value.join(': ')]
      }),
    )
    const bodyBegin = headEnd + 4
    const bodyEnd = bodyBegin + Number(headers['content-length'] ?? 0)
    if (rest.length < bodyEnd) return responses
    const body = rest.subarray(bodyBegin, bodyEnd).toString('utf8')
    responses.push({ status: Number(first.split(' ')[1]), headers, body })
    rest = rest.subarray(bodyEnd)
  }
}
