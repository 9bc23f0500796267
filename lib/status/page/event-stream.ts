import type { ServerResponse } from 'node:http'
import { MAX_LISTENER_BACKLOG, RECONNECT_MS } from './bounds.js'

/** One browser that listens for updates, over server-sent events. */
export class EventStream {
  readonly #response: ServerResponse

  /** Answers the request; the answer goes on until somebody ends it. */
  constructor(response: ServerResponse) {
    this.#response = response
    // A proxy that collects answers before it passes them on would hold the updates back.
    const headers = { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' }
    response.writeHead(200, headers)
    response.write(`retry: ${RECONNECT_MS}\n\n`)
  }

  /** Sends an event, after which a browser that comes back goes on; JSON has no line of its own. */
  send(id: string, data: string): void {
    this.#write(`id: ${id}\ndata: ${data}\n\n`)
  }

  /** Shows that the daemon answers. An event, since scripts do not hear of comments. */
  beat(): void {
    this.#write('event: beat\ndata:\n\n')
  }

  end(): void {
    this.#response.end()
  }

  #write(text: string): void {
    // Whoever cannot follow is cut off, and gets it all when it comes back.
    if (this.#response.writableLength > MAX_LISTENER_BACKLOG) this.#response.destroy()
    else this.#response.write(text)
  }
}
