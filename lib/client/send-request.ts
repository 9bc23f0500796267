import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { PROTOCOL_HEADER, PROTOCOL_HEADER_VALUE } from '../fleetlock/protocol.js'
import { printRequestBody } from '../fleetlock/request-body.js'
import type { NodeIdentity } from '../semaphore/node-identity.js'
import { readAnswer, type Answer } from './answer.js'
import { ANSWER_TIMEOUT_MS, CONNECT_TIMEOUT_MS, KEEP_ALIVE_MS, MAX_ANSWER_BYTES } from './bounds.js'
import { joinPath, type ServerAddress } from './server-address.js'
import { describeTransportFailure } from './transport-failure.js'

/** Who asks whom. */
export interface Caller {
  readonly address: ServerAddress
  readonly identity: NodeIdentity
  /** PEM of the authorities to trust, in place of those that come with Node.js. */
  readonly authorities?: string | undefined
}

/** How long a request may take, and what ends it earlier. */
export interface RequestLimits {
  /** From the connection to the first byte of the answer, in milliseconds. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Sends one FleetLock request, on a connection of its own, and reads what came of it. Never rejects.
 * `fetch` cannot take a certificate authority, so this is `node:https`; no redirect is followed.
 */
export function sendRequest(
  { address, identity, authorities }: Caller,
  path: string,
  { timeoutMs, signal }: RequestLimits,
): Promise<Answer> {
  const url = joinPath(address, path)
  return new Promise((resolve) => {
    const body = printRequestBody(identity)
    const request = openRequest(url, address.authorization, authorities, body)
    let isConnected = false
    let timer: NodeJS.Timeout | undefined
    const finish = (answer: Answer): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      request.destroy()
      resolve(answer)
    }
    const fail = (kind: string, value: string): void =>
      finish({ outcome: 'unavailable', kind, value, mayBeDone: isConnected })
    const within = (ms: number, onLate: () => void): void => {
      clearTimeout(timer)
      timer = setTimeout(onLate, ms)
    }
    const onAbort = (): void => fail('interrupted', `${url}: interrupted before the answer`)
    signal?.addEventListener('abort', onAbort)
    const connectMs = Math.min(timeoutMs, CONNECT_TIMEOUT_MS)
    within(connectMs, () =>
      fail('unreachable', `${url}: no connection within ${inSeconds(connectMs)}`),
    )
    request.once('socket', (socket) => {
      socket.once(url.startsWith('https:') ? 'secureConnect' : 'connect', () => {
        isConnected = true
        within(timeoutMs, () => fail('timeout', `${url}: no answer within ${inSeconds(timeoutMs)}`))
      })
    })
    // Stays after the end: destroying a request makes it emit one more.
    request.on('error', (error) => finish(describeTransportFailure(url, error, isConnected)))
    request.once('response', (response) => {
      const status = response.statusCode ?? 0
      const { location } = response.headers
      readBody(response, (text) => finish(readAnswer(url, { status, body: text, location })))
      within(ANSWER_TIMEOUT_MS, () => response.destroy())
    })
    if (signal?.aborted === true) onAbort()
    else request.end(body)
  })
}

/** The headers are Zincati's: any server that knows Zincati knows this client. */
function openRequest(
  url: string,
  authorization: string | undefined,
  authorities: string | undefined,
  body: string,
): ClientRequest {
  const open = url.startsWith('https:') ? requestHttps : requestHttp
  const request = open(url, {
    method: 'POST',
    agent: false,
    ca: authorities,
    headers: {
      [PROTOCOL_HEADER]: PROTOCOL_HEADER_VALUE,
      'content-length': Buffer.byteLength(body),
      ...(authorization === undefined ? {} : { authorization }),
    },
  })
  request.setSocketKeepAlive(true, KEEP_ALIVE_MS)
  return request
}

/** Hands over the body once it is whole, cut off or too large; what is too large is no error of ours. */
function readBody(response: IncomingMessage, onEnd: (text: string) => void): void {
  const chunks: Buffer[] = []
  let length = 0
  response.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > MAX_ANSWER_BYTES) response.destroy()
    else chunks.push(chunk)
  })
  // A body that was cut off is an error too; the status has arrived, and that decides.
  response.on('error', () => undefined)
  response.once('close', () => onEnd(Buffer.concat(chunks).toString('utf8')))
}

function inSeconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`
}
