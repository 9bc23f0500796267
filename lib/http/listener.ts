import { lookup } from 'node:dns/promises'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { delay, type Clock } from '../calendar/clock.js'
import type { ServerTls } from '../credentials/server-tls.js'
import { LISTENER_BOUNDS, type ListenerBounds } from './bounds.js'
import { ClientErrors, findFramingProblem, mayLoseWhatFollows } from './client-errors.js'
import { sendError } from './reply.js'
import {
  changeTls,
  createSecureServer,
  isTlsError,
  trackSockets,
  type ListenerTls,
} from './secure-server.js'
import { Turns } from './turns.js'

/** An address that cannot be listened on; the message is a sentence for an operator. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

/** How often a stop looks for connections that have become idle, in milliseconds. */
const DRAIN_CHECK_MS = 50

/**
 * Serves one handler on every address that a name stands for: `localhost` is both 127.0.0.1 and ::1,
 * where both exist.
 */
export class Listener {
  readonly #handler: RequestListener
  readonly #clock: Clock
  readonly #bounds: ListenerBounds
  readonly #secure: ListenerTls | undefined
  #servers: readonly Server[] = []
  #sockets: readonly ReadonlySet<Socket>[] = []
  #isDraining = false

  /** Without `secure` it speaks plain HTTP. */
  constructor(
    handler: RequestListener,
    clock: Clock,
    bounds: ListenerBounds = LISTENER_BOUNDS,
    secure?: ListenerTls,
  ) {
    this.#handler = handler
    this.#clock = clock
    this.#bounds = bounds
    this.#secure = secure
  }

  /** Shows another certificate from now on; only where it speaks TLS already. */
  setTls(tls: ServerTls): void {
    for (const server of this.#servers) changeTls(server, tls)
  }

  /** The addresses in use, as `host:port`. */
  get addresses(): readonly string[] {
    return this.#servers.map((server) => {
      const { address, family, port } = server.address() as AddressInfo
      return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
    })
  }

  /** @throws ListenError when no address can be used, or one is taken by another process */
  async listen(host: string, port: number): Promise<void> {
    const servers: Server[] = []
    let chosenPort = port
    try {
      for (const address of await resolveHost(host)) {
        const server = this.#createServer()
        const isListening = await listen(server, address, chosenPort)
        if (!isListening) continue
        servers.push(server)
        chosenPort = (server.address() as AddressInfo).port
      }
      if (servers.length === 0)
        throw new ListenError(`no address of ${host} exists on this machine`)
    } catch (error) {
      for (const server of servers) server.close()
      throw error
    }
    this.#servers = servers
    this.#sockets = servers.map(trackSockets)
  }

  /** Stops accepting, lets requests under way finish within a bound, then closes what is left. */
  async close(): Promise<void> {
    this.#isDraining = true
    const drained = new AbortController()
    const closed = Promise.all(
      this.#servers.map((server) => new Promise((resolve) => server.close(resolve))),
    ).then(() => drained.abort())
    const deadline = this.#clock.monotonic() + this.#bounds.drainMs
    while (this.#clock.monotonic() < deadline) {
      for (const server of this.#servers) server.closeIdleConnections()
      await delay(this.#clock, DRAIN_CHECK_MS, drained.signal)
      if (drained.signal.aborted) return
    }
    for (const server of this.#servers) server.closeAllConnections()
    for (const socket of this.#sockets.flatMap((sockets) => [...sockets])) socket.destroy()
    await closed
  }

  #createServer(): Server {
    const bounds = this.#bounds
    const clientErrors = new ClientErrors(this.#clock)
    const turns = new Turns()
    const serve = (
      request: IncomingMessage,
      response: ServerResponse & { req: IncomingMessage },
    ): void => {
      clientErrors.track(response)
      turns.take(response, () => {
        const problem = findFramingProblem(request)
        const isLast = this.#isDraining || problem !== undefined || mayLoseWhatFollows(request)
        if (isLast) response.setHeader('Connection', 'close')
        if (problem === undefined) this.#handler(request, response)
        else sendError(response, problem)
      })
    }
    const options = {
      headersTimeout: bounds.headersTimeoutMs,
      requestTimeout: bounds.requestTimeoutMs,
      keepAliveTimeout: bounds.keepAliveTimeoutMs,
      connectionsCheckingInterval: bounds.connectionsCheckMs,
      maxHeaderSize: bounds.maxHeaderBytes,
      insecureHTTPParser: false,
      requireHostHeader: false,
    }
    const server = this.#createServerFor(options, serve)
    server.maxConnections = bounds.maxConnections
    // Beyond a number, Node would drop headers without a word; their size is bounded already.
    server.maxHeadersCount = 0
    // An expectation that is not known is passed over: Node's own answer to it, 417, has no body.
    server.on('checkExpectation', serve)
    server.on('connect', (request, socket) => clientErrors.refuseTunnel(request, socket))
    server.on('clientError', (error, socket) => {
      if (isTlsError(error)) socket.destroy()
      else clientErrors.answer(error, socket)
    })
    return server
  }

  #createServerFor(options: ServerOptions, serve: RequestListener): Server {
    if (this.#secure === undefined) return createServer(options, serve)
    const { tls, onHandshakeFailed } = this.#secure
    const handshakeTimeoutMs = this.#bounds.headersTimeoutMs
    return createSecureServer(tls, { ...options, handshakeTimeoutMs, onHandshakeFailed }, serve)
  }
}

async function resolveHost(host: string): Promise<readonly string[]> {
  if (host.toLowerCase() !== 'localhost') return [host]
  const found = await lookup('localhost', { all: true }).catch(() => [])
  return [...new Set(['127.0.0.1', ...found.map(({ address }) => address), '::1'])]
}

/** Whether the server listens now; false where the machine has no such address. */
function listen(server: Server, host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') resolve(false)
      else reject(new ListenError(explain(error, host, port), { cause: error }))
    })
    server.listen({ host, port, exclusive: true }, () => {
      server.removeAllListeners('error')
      server.on('error', () => undefined)
      resolve(true)
    })
  })
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE') return `${host}:${port} is in use by another process`
  if (error.code === 'EACCES') return `no permission to listen on ${host}:${port}`
  if (error.code === 'ENOTFOUND') return `the address ${host} cannot be resolved`
  return `cannot listen on ${host}:${port}: ${error.message}`
}
