import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Serves the requests of one connection one after another, in their order, and none after an answer that
 * ends the connection (RFC 9112, 9.3.2 and 9.6). Node.js hands over all that arrive together at once:
 * what follows a request that is refused for its framing would be done, and nobody told.
 */
export class Turns {
  /** Of each connection, the request that came last and is not answered yet. */
  readonly #last = new WeakMap<Socket, ServerResponse>()

  /** Serves a request now, or once those before it are answered; or never, if the connection ends. */
  take(response: ServerResponse & { readonly req: IncomingMessage }, serve: () => void): void {
    const { socket } = response.req
    const earlier = this.#last.get(socket)
    this.#last.set(socket, response)
    response.once('close', () => {
      if (this.#last.get(socket) === response) this.#last.delete(socket)
    })
    const begin = (): void => {
      // Node.js reads on for a while after the last answer; there is no way to answer that.
      if (socket.writable) serve()
    }
    if (earlier === undefined) begin()
    else earlier.once('close', begin)
  }
}
