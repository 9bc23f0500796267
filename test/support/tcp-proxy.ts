import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePort } from './free-port.js'

type Mode = 'pass' | 'refuse' | 'blackhole' | 'dropReplies'

interface Direction {
  readonly carries: 'requests' | 'replies'
  readonly from: Socket
  readonly to: Socket | undefined
  /** Something was swallowed: what comes later makes no sense to the receiver any more. */
  isTorn: boolean
}

interface Link {
  readonly sockets: readonly Socket[]
  readonly directions: readonly Direction[]
  readonly cutting: AbortController
}

const PORT_ATTEMPTS = 5

/**
 * A TCP proxy on 127.0.0.1 that a test turns into a bad network. Each switch holds for open
 * connections too.
 *
 * INVARIANTS:
 * - The port never changes, also after {@link refuse}.
 * - What is delivered, is delivered in order and without a gap: a connection that lost bytes is cut
 *   by the switch that would let later ones through.
 */
export class TcpProxy {
  readonly port: number
  readonly #targetPort: number
  readonly #links = new Set<Link>()
  #server: Server | undefined
  #mode: Mode = 'pass'
  #delayMs = 0
  #connections = 0

  private constructor(port: number, targetPort: number) {
    this.port = port
    this.#targetPort = targetPort
  }

  /** Listens on a free port in front of a port of 127.0.0.1, and passes everything on. */
  static async start(targetPort: number): Promise<TcpProxy> {
    for (let attempt = 1; ; attempt += 1) {
      const proxy = new TcpProxy(await findFreePort(), targetPort)
      try {
        await proxy.#listen()
        return proxy
      } catch (error) {
        if (attempt === PORT_ATTEMPTS) {
          throw error
        }
      }
    }
  }

  /** How many connections were accepted so far. */
  get connections(): number {
    return this.#connections
  }

  /** How many connections are open now. */
  get openConnections(): number {
    return this.#links.size
  }

  /** Passes everything on, at once. */
  async pass(): Promise<void> {
    await this.#switchTo('pass', 0)
  }

  /** Passes everything on, each piece this much later, in each direction. */
  async delay(delayMs: number): Promise<void> {
    await this.#switchTo('pass', delayMs)
  }

  /** Passes requests on and swallows the answers: what was asked for happens, and nobody is told. */
  async dropReplies(): Promise<void> {
    await this.#switchTo('dropReplies', 0)
  }

  /** Accepts connections and swallows what comes, as a host behind a dead link does. */
  async blackhole(): Promise<void> {
    await this.#switchTo('blackhole', 0)
  }

  /** Cuts every connection and stops listening, as a host without this server does. */
  async refuse(): Promise<void> {
    this.#mode = 'refuse'
    const server = this.#server
    this.#server = undefined
    this.cutConnections()
    if (server !== undefined) {
      server.close()
      await once(server, 'close')
    }
  }

  /** Cuts every open connection, and goes on as before with the next ones. */
  cutConnections(): void {
    for (const link of this.#links) {
      this.#cut(link)
    }
  }

  /** Cuts every connection and gives the port back. */
  async close(): Promise<void> {
    await this.refuse()
  }

  async #switchTo(mode: Mode, delayMs: number): Promise<void> {
    this.#mode = mode
    this.#delayMs = delayMs
    for (const link of this.#links) {
      if (link.directions.some((direction) => direction.isTorn && !isSwallowed(direction, mode))) {
        this.#cut(link)
      }
    }
    if (this.#server === undefined) {
      await this.#listen()
    }
  }

  async #listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) =>
      this.#accept(client),
    )
    server.listen({ port: this.port, host: '127.0.0.1', exclusive: true })
    await once(server, 'listening')
    this.#server = server
  }

  #accept(client: Socket): void {
    this.#connections += 1
    const target =
      this.#mode === 'blackhole'
        ? undefined
        : connect({
            port: this.#targetPort,
            host: '127.0.0.1',
            allowHalfOpen: true,
            noDelay: true,
          })
    const link = makeLink(client, target)
    this.#links.add(link)
    for (const socket of link.sockets) {
      socket.on('error', () => this.#cut(link))
      socket.on('close', () => {
        if (link.sockets.every(({ destroyed }) => destroyed)) {
          this.#links.delete(link)
        }
      })
    }
    for (const direction of link.directions) {
      this.#forward(link, direction)
    }
  }

  #forward(link: Link, direction: Direction): void {
    let previous = Promise.resolve()
    const deliver = (write: (to: Socket) => void): void => {
      const dueAt = performance.now() + this.#delayMs
      previous = previous.then(async () => {
        const waitMs = dueAt - performance.now()
        if (waitMs > 0) {
          await sleep(waitMs, undefined, { signal: link.cutting.signal }).catch(() => undefined)
        }
        if (direction.to === undefined || isSwallowed(direction, this.#mode)) {
          direction.isTorn = true
        } else if (!direction.to.destroyed) {
          write(direction.to)
        }
      })
    }
    direction.from.on('data', (chunk) => deliver((to) => void to.write(chunk)))
    direction.from.on('end', () => deliver((to) => void to.end()))
  }

  #cut(link: Link): void {
    this.#links.delete(link)
    link.cutting.abort()
    for (const socket of link.sockets) {
      socket.destroy()
    }
  }
}

function makeLink(client: Socket, target: Socket | undefined): Link {
  // Without a target, what comes is lost from the first byte on.
  const requests: Direction = {
    carries: 'requests',
    from: client,
    to: target,
    isTorn: target === undefined,
  }
  const cutting = new AbortController()
  if (target === undefined) {
    return { sockets: [client], directions: [requests], cutting }
  }
  const replies: Direction = { carries: 'replies', from: target, to: client, isTorn: false }
  return { sockets: [client, target], directions: [requests, replies], cutting }
}

function isSwallowed({ carries }: Direction, mode: Mode): boolean {
  return mode === 'blackhole' || (mode === 'dropReplies' && carries === 'replies')
}
