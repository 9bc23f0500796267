import type { RequestListener, Server, ServerOptions } from 'node:http'
import { createServer, type Server as HttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { SecureContextOptions, TLSSocket } from 'node:tls'
import type { ServerTls } from '../credentials/server-tls.js'

/** How a listener speaks TLS. */
export interface ListenerTls {
  /** What it shows at first. */
  readonly tls: ServerTls
  /** Called for each connection that has not come about, with the peer's address. */
  readonly onHandshakeFailed: (peer: string, reason: string) => void
}

/** What a {@link createSecureServer} keeps to. */
export interface SecureServerOptions extends ServerOptions {
  readonly handshakeTimeoutMs: number
  readonly onHandshakeFailed: ListenerTls['onHandshakeFailed']
}

/**
 * A server that speaks HTTP over TLS 1.2 or later only, and lets in only whom the authorities for
 * clients vouch for, if there are any.
 */
export function createSecureServer(
  tls: ServerTls,
  { handshakeTimeoutMs, onHandshakeFailed, ...options }: SecureServerOptions,
  serve: RequestListener,
): Server {
  const server = createServer(
    {
      ...options,
      ...secureContext(tls),
      handshakeTimeout: handshakeTimeoutMs,
      requestCert: tls.clientAuthorities !== undefined,
      rejectUnauthorized: true,
    },
    serve,
  )
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    onHandshakeFailed(socket.remoteAddress ?? 'unknown', error.code ?? error.message)
  })
  return server
}

/** Shows another certificate to whoever connects from now on; connections that are there stay. */
export function changeTls(server: Server, tls: ServerTls): void {
  const secure = server as Server & Pick<HttpsServer, 'setSecureContext'>
  secure.setSecureContext(secureContext(tls))
}

/** Whether a client's error is one of TLS: there is nothing that an answer could be written to. */
export function isTlsError({ code = '' }: NodeJS.ErrnoException): boolean {
  return code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')
}

/**
 * The sockets of a server, to be destroyed when time is up: Node.js' own closing of connections does
 * not know of those that are not through with the handshake.
 */
export function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
}

/** Everything at each call: what is left out falls back to Node.js' default, whatever was set before. */
function secureContext({
  certChain,
  privateKey,
  clientAuthorities,
}: ServerTls): SecureContextOptions {
  return {
    cert: certChain,
    key: privateKey,
    ...(clientAuthorities && { ca: clientAuthorities }),
    minVersion: 'TLSv1.2',
    honorCipherOrder: true,
  }
}
