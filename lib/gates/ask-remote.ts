import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Clock } from '../calendar/clock.js'
import { FileReport } from '../credentials/file-report.js'
import { MAX_ANSWER_BYTES } from './bounds.js'
import { readRemoteCredentials, type Remote } from './remote.js'

/** A server's answer, or why there is none: a text that names no secret. */
export type RemoteAnswer =
  { readonly status: number; readonly body: string } | { readonly problem: string }

/** What asking needs. */
export interface AskOptions {
  readonly clock: Clock
  /** Ends what is under way, at a stop or a reload. */
  readonly signal: AbortSignal
  /** Whether the answer's text is wanted; without it, it is not waited for, and `body` is empty. */
  readonly wantsBody: boolean
}

/** An answer that is larger than what is read. */
class AnswerTooLargeError extends Error {
  constructor() {
    super(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`)
  }
}

/**
 * Sends one GET and never rejects. Redirects are not followed: the credentials are for this server. Each
 * question has a connection of its own, because they are rare, and one that idles may be dead.
 */
export async function askRemote(
  remote: Remote,
  url: URL,
  options: AskOptions,
): Promise<RemoteAnswer> {
  const { clock, signal } = options
  const stop = new AbortController()
  const stopped = new Promise<never>((_resolve, reject) => {
    stop.signal.addEventListener('abort', () => reject(stop.signal.reason as Error))
  })
  const giveUp = (why: string): void => stop.abort(new Error(why))
  const cancel = clock.schedule(remote.timeoutMs, () =>
    giveUp(`no answer within ${remote.timeoutMs} ms`),
  )
  const onStop = (): void => giveUp('it is being stopped or configured anew')
  signal.addEventListener('abort', onStop, { once: true })
  if (signal.aborted) onStop()
  try {
    // A file on a mount that hangs is read for as long as that does; nothing ends it.
    return await Promise.race([stopped, send(remote, url, stop.signal, options.wantsBody)])
  } catch (error) {
    return { problem: reasonOf(stop.signal.aborted ? stop.signal.reason : error) }
  } finally {
    cancel()
    signal.removeEventListener('abort', onStop)
  }
}

/**
 * The last reading of each remote's files. Node.js has four threads for all files and names, and one that
 * hangs keeps its own: a remote has one reading at a time.
 */
const readings = new WeakMap<Remote, Promise<unknown>>()

async function send(
  remote: Remote,
  url: URL,
  signal: AbortSignal,
  wantsBody: boolean,
): Promise<RemoteAnswer> {
  await readings.get(remote)
  signal.throwIfAborted()
  const report = new FileReport()
  const reading = readRemoteCredentials(remote, '', report)
  readings.set(remote, reading)
  const credentials = await reading
  if (credentials === undefined) {
    return { problem: report.problems.map(({ message }) => message).join('; ') }
  }
  const { headers, authorities } = credentials
  signal.throwIfAborted()
  const response = await getResponse(url, {
    method: 'GET',
    headers: {
      ...headers,
      accept: wantsBody ? 'application/json' : '*/*',
      'user-agent': 'airlock',
    },
    agent: false,
    signal,
    ...(authorities !== undefined && { ca: authorities }),
  })
  const status = response.statusCode ?? 0
  if (!wantsBody) {
    response.destroy()
    return { status, body: '' }
  }
  return { status, body: await readBody(response) }
}

function getResponse(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? requestHttps : requestHttp
    send(url, options).on('response', resolve).on('error', reject).end()
  })
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  // Leaving the loop destroys the response.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_ANSWER_BYTES) throw new AnswerTooLargeError()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Where a name has several addresses, Node gives one error for each, and no message for all. */
function reasonOf(error: unknown): string {
  const one: unknown = error instanceof AggregateError ? error.errors[0] : error
  return one instanceof Error ? one.message : String(one)
}
