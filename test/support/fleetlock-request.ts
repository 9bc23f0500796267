import { request as requestHttp, type Agent, type IncomingHttpHeaders } from 'node:http'
import { request as requestHttps } from 'node:https'

/** What a server answered, unparsed; `kind` and `value` if the body is a FleetLock error. */
export interface FleetlockResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly kind?: string
  readonly value?: string
}

/** What to send instead of, or besides, what Zincati sends. */
export interface RequestOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** A keep-alive agent to reuse, or one with certificates; unless told, one connection a call. */
  readonly agent?: Agent
  /** 15 s unless told: less than a test may take, so that the failure names the request. */
  readonly timeoutMs?: number
}

/** The members of `client_params`. */
export interface ClientParams {
  readonly id: string
  readonly group: string
}

/** Asks for a reboot slot as Zincati does before it reboots. */
export function preReboot(
  baseUrl: string,
  params: ClientParams,
  options: RequestOptions = {},
): Promise<FleetlockResponse> {
  return sendLikeZincati(`${baseUrl}/v1/pre-reboot`, params, options)
}

/** Reports a steady state as Zincati does after it has started. */
export function steadyState(
  baseUrl: string,
  params: ClientParams,
  options: RequestOptions = {},
): Promise<FleetlockResponse> {
  return sendLikeZincati(`${baseUrl}/v1/steady-state`, params, options)
}

// Pretty-printed JSON and no Content-Type: reference/wire.md has it recorded.
function sendLikeZincati(
  url: string,
  { id, group }: ClientParams,
  options: RequestOptions,
): Promise<FleetlockResponse> {
  return sendRequest(url, {
    method: 'POST',
    body: JSON.stringify({ client_params: { id, group } }, undefined, 2),
    ...options,
    headers: { 'fleet-lock-protocol': 'true', ...options.headers },
  })
}

/** Sends one request with exactly these headers and this body; redirects are not followed. */
export function sendRequest(
  url: string,
  { method = 'GET', headers = {}, body, agent, timeoutMs = 15_000 }: RequestOptions = {},
): Promise<FleetlockResponse> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? requestHttps : requestHttp
    const request = send(url, {
      method,
      agent: agent ?? false,
      headers: {
        ...headers,
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
      },
      signal: AbortSignal.timeout(timeoutMs),
    })
    const fail = (error: Error): void => {
      reject(new Error(`${method} ${url}: ${error.message}`, { cause: error }))
    }
    request.once('error', fail)
    request.once('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', fail)
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          ...readError(text),
        })
      })
    })
    request.end(body)
  })
}

function readError(body: string): { kind?: string; value?: string } {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return {}
  }
  if (typeof parsed !== 'object' || parsed === null) {
    return {}
  }
  const { kind, value } = parsed as { kind?: unknown; value?: unknown }
  return {
    ...(typeof kind === 'string' ? { kind } : {}),
    ...(typeof value === 'string' ? { value } : {}),
  }
}
