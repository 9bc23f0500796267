import { connect, type Socket } from 'node:net'
import { printRequestBody } from '../../lib/fleetlock/request-body.js'
import type { LoadRequest } from './load.js'

/** A request as it goes over the wire. */
export function printRequest({ operation, group, id }: LoadRequest): Buffer {
  const body = printRequestBody({ group, id })
  const head = [
    `POST /v1/${operation} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    'fleet-lock-protocol: true',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}

/** What stands in place of a status when the connection ended before the answer. */
export const CLOSED = 'closed'

/**
 * A client of one connection that does the least that HTTP/1.1 allows, so that a server is busy
 * before its load is.
 *
 * INVARIANTS: one request at a time; each is called back once.
 */
export class HttpConnection {
  readonly #socket: Socket
  #received = ''
  #onAnswer: ((status: string) => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#receive(text))
    socket.on('error', () => undefined)
    socket.on('close', () => this.#answer(CLOSED))
  }

  /** @throws when nobody listens on this port of 127.0.0.1 */
  static open(port: number): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.once('error', reject)
      socket.once('connect', () => resolve(new HttpConnection(socket)))
    })
  }

  send(request: Buffer, onAnswer: (status: string) => void): void {
    this.#onAnswer = onAnswer
    if (this.#socket.destroyed) this.#answer(CLOSED)
    else this.#socket.write(request)
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(text: string): void {
    this.#received += text
    const headEnd = this.#received.indexOf('\r\n\r\n')
    if (headEnd < 0) return
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#received)?.[1]
    if (length === undefined) throw new Error(`no content-length in: ${this.#received}`)
    if (this.#received.length < headEnd + 4 + Number(length)) return
    const status = this.#received.slice(9, 12)
    this.#received = ''
    this.#answer(status)
  }

  #answer(status: string): void {
    const onAnswer = this.#onAnswer
    this.#onAnswer = undefined
    onAnswer?.(status)
  }
}

/** One request over a connection of its own. */
export async function sendOnce(port: number, request: LoadRequest): Promise<string> {
  const connection = await HttpConnection.open(port)
  try {
    return await new Promise((resolve) => connection.send(printRequest(request), resolve))
  } finally {
    connection.close()
  }
}
