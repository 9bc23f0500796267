import { request as requestHttp, type Agent } from 'node:http'
import { request as requestHttps } from 'node:https'
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** What a server answered. */
export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

/** One request, exactly as it is to be sent. */
export interface Request {
  readonly method: string
  readonly url: URL
  /** Names and values in turn, so that a name can be there twice. */
  readonly headers: readonly string[]
  readonly body: string | Uint8Array
  readonly timeoutMs: number
  readonly agent?: Agent
}

/** The server cannot be reached, or ends the connection without an answer. */
export class NoAnswerError extends Error {
  override readonly name: string = 'NoAnswerError'
}

/** The server has not answered in time. */
export class TimeoutError extends NoAnswerError {
  override readonly name = 'TimeoutError'
}

/** Sends a request and follows no redirect. */
export function send({ method, url, headers, body, timeoutMs, agent }: Request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const open = url.protocol === 'https:' ? requestHttps : requestHttp
    const all = [
      ...['Host', url.host, ...headers, 'Content-Length', String(Buffer.byteLength(body))],
      ...['Connection', agent === undefined ? 'close' : 'keep-alive'],
    ]
    const request = open(url, { method, headers: all, agent: agent ?? false })
    const timer = setTimeout(() => {
      reject(new TimeoutError(`no answer within ${timeoutMs} ms`))
      request.destroy()
    }, timeoutMs)
    const fail = (error: Error): void => {
      clearTimeout(timer)
      reject(new NoAnswerError(reasonOf(error), { cause: error }))
    }
    request.on('error', fail)
    request.once('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', fail)
      response.once('end', () => {
        clearTimeout(timer)
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })
      })
    })
    request.end(body)
  })
}

/** A connection on which is written what no HTTP client would write. */
export class RawConnection {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #isEnded = false
  #wake: () => void = () => undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    const onEnd = (): void => {
      this.#isEnded = true
      this.#wake()
    }
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    socket.on('end', onEnd)
    socket.on('error', onEnd)
    socket.on('close', onEnd)
  }

  static open(url: URL): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const host = url.hostname.replace(/^\[|\]$/g, '')
      const isSecure = url.protocol === 'https:'
      const port = Number(url.port === '' ? (isSecure ? 443 : 80) : url.port)
      const socket = isSecure
        ? connectTls({ host, port, servername: host })
        : connectPlain({ host, port })
      socket.once('error', (error: Error) =>
        reject(new NoAnswerError(reasonOf(error), { cause: error })),
      )
      socket.once(isSecure ? 'secureConnect' : 'connect', () => resolve(new RawConnection(socket)))
    })
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** The first `count` answers, interim ones included; fewer where the server ends or is late. */
  async answers(count: number, timeoutMs: number): Promise<readonly Answer[]> {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.#wake()
    }, timeoutMs)
    const isOver = (): boolean => isLate || this.#isEnded
    while (!isOver() && readAnswers(this.#received, this.#isEnded).length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    clearTimeout(timer)
    return readAnswers(this.#received, this.#isEnded)
  }

  close(): void {
    this.#socket.destroy()
  }
}

/** Reads whole answers by Content-Length, in chunks, or up to the end of the connection. */
function readAnswers(received: Buffer, isEnded: boolean): readonly Answer[] {
  const answers: Answer[] = []
  for (let rest = received; ;) {
    const headEnd = rest.indexOf('\r\n\r\n')
    if (headEnd < 0) return answers
    const [first = '', ...lines] = rest.subarray(0, headEnd).toString('latin1').split('\r\n')
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    )
    const status = Number(first.split(' ')[1])
    const after = rest.subarray(headEnd + 4)
    const body = status < 200 ? { text: '', size: 0 } : readBody(headers, after, isEnded)
    if (body === undefined) return answers
    answers.push({ status, headers, body: body.text })
    rest = after.subarray(body.size)
  }
}

function readBody(
  headers: Readonly<Record<string, string>>,
  rest: Buffer,
  isEnded: boolean,
): { readonly text: string; readonly size: number } | undefined {
  if (/chunked/i.test(headers['transfer-encoding'] ?? '')) {
    const end = rest.indexOf('0\r\n\r\n')
    if (end < 0) return undefined
    const text = rest
      .subarray(0, end)
      .toString('utf8')
      .replaceAll(/[0-9a-f]+\r\n|\r\n/gi, '')
    return { text, size: end + 5 }
  }
  const length = headers['content-length']
  if (length === undefined) {
    return isEnded ? { text: rest.toString('utf8'), size: rest.length } : undefined
  }
  const size = Number(length)
  if (rest.length < size) return undefined
  return { text: rest.subarray(0, size).toString('utf8'), size }
}

function reasonOf(error: Error): string {
  const { code } = error as { readonly code?: unknown }
  if (code === 'ECONNREFUSED') return 'nothing listens there (connection refused)'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host name cannot be resolved'
  if (code === 'ECONNRESET') return 'the server has reset the connection'
  return error.message === '' ? String(code) : error.message
}
