import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../calendar/clock.js'
import { printErrorReply, STATUS_OF_KIND, type ErrorReply } from '../fleetlock/kinds.js'

/** How long a client may still read an error before its connection is cut, in milliseconds. */
const LINGER_MS = 2000

type Response = ServerResponse & { readonly req: IncomingMessage }

/** The requests of one connection. */
interface Exchanges {
  /** Answers that are not sent yet, in the order of their requests. */
  readonly pending: Set<Response>
  newest: Response
  hasFailed: boolean
}

/**
 * Answers what is not even HTTP, or came too slowly, in the shape of every other error.
 *
 * INVARIANTS:
 * - Requests that arrived whole before the error are answered first, or a client would take the error
 *   for the answer to a request that was granted.
 * - No request is answered twice: after the answer to one whose body was not read, the connection is
 *   closed without a word.
 * - After an error the connection ends within {@link LINGER_MS} of the answer, whatever the client does.
 */
export class ClientErrors {
  readonly #clock: Clock
  readonly #connections = new WeakMap<Duplex, Exchanges>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** To be called for every request, before it is handled. */
  track(response: Response): void {
    const { socket } = response.req
    const exchanges = this.#connections.get(socket) ?? {
      pending: new Set(),
      newest: response,
      hasFailed: false,
    }
    this.#connections.set(socket, exchanges)
    exchanges.newest = response
    exchanges.pending.add(response)
    response.once('close', () => exchanges.pending.delete(response))
  }

  /** The listener of a server's event `clientError`. */
  answer(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (error.code === 'ECONNRESET') socket.destroy()
    else this.#refuse(replyToClientError(error.code), socket)
  }

  /** The listener of a server's event `connect`; without one, Node would drop earlier answers too. */
  refuseTunnel(_request: IncomingMessage, socket: Duplex): void {
    socket.on('error', () => socket.destroy())
    this.#refuse({ kind: 'method_not_allowed', value: 'this is not a proxy' }, socket)
  }

  #refuse(reply: ErrorReply, socket: Duplex): void {
    const exchanges = this.#connections.get(socket)
    if (!socket.writable) socket.destroy()
    else if (exchanges === undefined) this.#end(socket, print(reply))
    else if (!exchanges.hasFailed) {
      exchanges.hasFailed = true
      this.#refuseInTurn(reply, socket, exchanges)
    }
  }

  #refuseInTurn(reply: ErrorReply, socket: Duplex, exchanges: Exchanges): void {
    const earlier = [...exchanges.pending].filter(({ req }) => req.complete).at(-1)
    if (earlier !== undefined) {
      earlier.once('close', () => this.#refuseInTurn(reply, socket, exchanges))
      return
    }
    const { newest } = exchanges
    const isAnswered = !newest.req.complete && newest.headersSent
    this.#end(socket, isAnswered ? '' : print(reply))
  }

  #end(socket: Duplex, text: string): void {
    if (!socket.writable) {
      socket.destroy()
      return
    }
    const cancel = this.#clock.schedule(LINGER_MS, () => socket.destroy())
    socket.once('close', cancel)
    socket.end(text)
  }
}

function print(reply: ErrorReply): string {
  const body = printErrorReply(reply)
  return [
    `HTTP/1.1 ${STATUS_OF_KIND[reply.kind]} ${reply.kind}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n')
}

function replyToClientError(code: string | undefined): ErrorReply {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { kind: 'request_timeout', value: 'the request did not arrive in time' }
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { kind: 'request_too_large', value: 'the headers are too large' }
  }
  return NOT_HTTP
}

const NOT_HTTP: ErrorReply = {
  kind: 'invalid_client_identity',
  value: 'this is not an HTTP/1.1 request',
}

/**
 * What is wrong with a request that Node's parser takes, but whose end others may see elsewhere: a
 * transfer coding besides `chunked` is not decoded here, HTTP/1.0 has none, and other major versions
 * are framed differently. Undefined for any other request.
 */
export function findFramingProblem(request: IncomingMessage): ErrorReply | undefined {
  if (request.httpVersionMajor !== 1) return NOT_HTTP
  const coding = request.headers['transfer-encoding']
  if (coding === undefined) return undefined
  if (coding.toLowerCase() === 'chunked' && request.httpVersionMinor === 1) return undefined
  const value = 'the only transfer coding that is read is "chunked", in HTTP/1.1'
  return { kind: 'invalid_client_identity', value }
}

/**
 * Whether Node may have dropped what came right behind a request, without a word: it does where one
 * offers an upgrade. The connection must end then, or its next request would begin anywhere.
 */
export function mayLoseWhatFollows({ headers }: IncomingMessage): boolean {
  return headers.upgrade !== undefined && /\bupgrade\b/i.test(headers.connection ?? '')
}
