import { judgeBody, type Identity } from './body-oracle.js'

/** What one request on a connection asks for, if it is one. */
export interface Demand {
  readonly isLock: boolean
  readonly identity: Identity
}

/** What one request on a connection is. */
export interface Judgement {
  /**
   * `genuine`: it has to be done, or refused for want of a slot. `bogus`: it must not be done.
   * `unsure`: the specifications leave it to the server which of both.
   */
  readonly verdict: 'genuine' | 'bogus' | 'unsure'
  /** What is done if it is done. */
  readonly demand?: Demand
  /** Whether its answer has no body. */
  readonly isHead: boolean
  /** Whether it has to be answered. */
  readonly mustAnswer: boolean
}

/** All that a client sends on one connection. */
export interface JudgedStream {
  readonly requests: readonly Judgement[]
  /** What the server does after its last answer: it closes, it waits for more, or either. */
  readonly end: 'closes' | 'waits' | 'unsure'
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
// Node takes RTSP/1.0 for HTTP/1.0, and whatever begins with an asterisk for a target, and tells nobody.
const REQUEST_LINE = new RegExp(
  `^(${TOKEN}) (/[!-~]*|\\*[!-~]*|[a-z]+://[!-~]*) (HTTP/1\\.[01]|RTSP/1\\.0)$`,
)
const HEADER_LINE = new RegExp(`^(${TOKEN}):([^\\0-\\x08\\x0a-\\x1f\\x7f]*)$`)
const SIMPLE_URL = /^https?:\/\/[a-z0-9.-]+(?::\d{1,5})?(\/[^?#]*)?(?:\?[^#]*)?$/i
const PATHS: ReadonlyMap<string, 'lock' | 'unlock'> = new Map([
  ['/v1/pre-reboot', 'lock'],
  ['/v1/steady-state', 'unlock'],
])
const MAX_HEAD_BYTES = 16 * 1024
const MAX_BODY_BYTES = 16 * 1024

/** Methods that a server may know; others are no HTTP to Node. */
const METHODS: ReadonlySet<string> = new Set(
  (
    'DELETE GET HEAD POST PUT OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK ' +
    'BIND REBIND UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE ' +
    'PATCH PURGE MKCALENDAR LINK UNLINK SOURCE QUERY'
  ).split(' '),
)

interface Head {
  readonly method: string
  readonly target: string
  readonly minorVersion: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly size: number
  /** Whether a server may take it for no request at all. */
  readonly isLenient: boolean
}

/** A body, and how many bytes of the stream it takes. */
interface Body {
  readonly bytes: Buffer
  readonly size: number
}

/** `malformed`: no more bytes could make it right. */
type Unread = 'incomplete' | 'malformed'

/**
 * Judges all that a client sends on one connection, by RFC 9112 read strictly and by the FleetLock
 * protocol, without any code of lib/ and without Node's parser.
 */
export function judgeStream(sent: Buffer, groups: ReadonlySet<string>): JudgedStream {
  const requests: Judgement[] = []
  // After an answer with which the server may close, nothing else has to come.
  let isCertain = true
  const bogus = (head?: Head): Judgement => ({
    verdict: 'bogus',
    isHead: head?.method === 'HEAD',
    mustAnswer: false,
  })
  for (let rest = skipEmptyLines(sent); ;) {
    if (rest.length === 0) return { requests, end: isCertain ? 'waits' : 'unsure' }
    const head = readHead(rest)
    if (head === 'incomplete') return { requests: [...requests, bogus()], end: 'unsure' }
    const body = head === 'malformed' ? head : readBody(head, rest.subarray(head.size))
    if (head === 'malformed' || body === 'malformed' || !METHODS.has(head.method)) {
      return {
        requests: [...requests, bogus(head === 'malformed' ? undefined : head)],
        end: isCertain ? 'closes' : 'unsure',
      }
    }
    if (body === 'incomplete') return { requests: [...requests, bogus(head)], end: 'unsure' }
    requests.push({
      ...judgeRequest(head, body.bytes, groups),
      isHead: head.method === 'HEAD',
      mustAnswer: isCertain,
    })
    const persistence = persistenceOf(head)
    if (persistence === 'closes') return { requests, end: isCertain ? 'closes' : 'unsure' }
    if (persistence === 'unsure' || head.isLenient || isRefusedUnread(head, body)) isCertain = false
    rest = skipEmptyLines(rest.subarray(head.size + body.size))
  }
}

/** The first byte after the empty lines that may stand before a request. */
function skipEmptyLines(bytes: Buffer): Buffer {
  let begin = 0
  while (bytes[begin] === 0x0d || bytes[begin] === 0x0a) begin += 1
  return bytes.subarray(begin)
}

function readHead(bytes: Buffer): Head | Unread {
  const end = bytes.indexOf('\r\n\r\n')
  const text = bytes.subarray(0, end < 0 ? bytes.length : end).toString('latin1')
  const lines = text.split('\r\n')
  // The last line may yet go on.
  const [first, ...others] = end < 0 ? lines.slice(0, -1) : lines
  if (first === undefined) return text.length > MAX_HEAD_BYTES ? 'malformed' : 'incomplete'
  const wordsOfFirst = first.replaceAll(/[ \t]+/g, ' ').trim()
  const requestLine = REQUEST_LINE.exec(wordsOfFirst)
  if (requestLine === null) return 'malformed'
  const headers: (readonly [string, string])[] = []
  let hasStrangeBlanks = wordsOfFirst !== first
  for (const line of others) {
    const [, name = '', raw = ''] = HEADER_LINE.exec(line) ?? []
    if (name === '') return 'malformed'
    const value = trimBlanks(raw)
    if (isFraming(name) && raw !== value && raw !== ` ${value}`) hasStrangeBlanks = true
    headers.push([name.toLowerCase(), value])
  }
  const [, method = '', target = '', version = ''] = requestLine
  const counted = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (counted + target.length > MAX_HEAD_BYTES) return 'malformed'
  if (end < 0) return 'incomplete'
  const isStrange = hasStrangeBlanks || version.startsWith('RTSP') || isStrangeUrl(target)
  const isLenient = isStrange || text.length > MAX_HEAD_BYTES
  return {
    method,
    target,
    minorVersion: version.endsWith('1') ? 1 : 0,
    headers,
    size: end + 4,
    isLenient,
  }
}

/** Headers that tell where a request ends; servers do well to take them in their plain form only. */
function isFraming(name: string): boolean {
  return /^(?:transfer-encoding|content-length)$/i.test(name)
}

/** Absolute targets that are more than a host and a path. */
function isStrangeUrl(target: string): boolean {
  return !target.startsWith('/') && target !== '*' && !SIMPLE_URL.test(target)
}

function trimBlanks(text: string): string {
  let begin = 0
  let end = text.length
  while (text[begin] === ' ' || text[begin] === '\t') begin += 1
  while (end > begin && (text[end - 1] === ' ' || text[end - 1] === '\t')) end -= 1
  return text.slice(begin, end)
}

function readBody(head: Head, rest: Buffer): Body | Unread {
  const codings = valuesOf(head, 'transfer-encoding')
  const lengths = valuesOf(head, 'content-length')
  if (codings.length > 0) {
    const isChunked = codings.length === 1 && codings[0]?.toLowerCase() === 'chunked'
    const isFramed = isChunked && lengths.length === 0 && head.minorVersion === 1
    return isFramed ? readChunks(rest) : 'malformed'
  }
  const [length = '0'] = lengths
  if (lengths.length > 1 || !/^\d{1,19}$/.test(length)) return 'malformed'
  const size = Number(length)
  return rest.length < size ? 'incomplete' : { bytes: rest.subarray(0, size), size }
}

function readChunks(rest: Buffer): Body | Unread {
  const chunks: Buffer[] = []
  for (let at = 0; ;) {
    const lineEnd = rest.indexOf('\r\n', at)
    if (lineEnd < 0) return 'incomplete'
    const line = rest.subarray(at, lineEnd).toString('latin1')
    const size = /^([0-9a-f]{1,16})(?:;[\t -~]*)?$/i.exec(line)
    if (size === null) return 'malformed'
    const begin = lineEnd + 2
    const end = begin + Number.parseInt(size[1] ?? '', 16)
    if (end === begin) return readTrailers(rest, begin, Buffer.concat(chunks))
    if (rest.length < end + 2) return 'incomplete'
    if (rest.toString('latin1', end, end + 2) !== '\r\n') return 'malformed'
    chunks.push(rest.subarray(begin, end))
    at = end + 2
  }
}

function readTrailers(rest: Buffer, begin: number, bytes: Buffer): Body | Unread {
  for (let at = begin; ;) {
    const lineEnd = rest.indexOf('\r\n', at)
    if (lineEnd < 0) return 'incomplete'
    if (lineEnd === at) return { bytes, size: lineEnd + 2 }
    const name = HEADER_LINE.exec(rest.subarray(at, lineEnd).toString('latin1'))?.[1]
    if (name === undefined || isFraming(name)) return 'malformed'
    at = lineEnd + 2
  }
}

/** Whether the server may answer a whole request without reading it to its end, and close. */
function isRefusedUnread(head: Head, { bytes }: Body): boolean {
  return bytes.length > MAX_BODY_BYTES || !isPlain(head)
}

function judgeRequest(
  head: Head,
  body: Buffer,
  groups: ReadonlySet<string>,
): Pick<Judgement, 'verdict' | 'demand'> {
  const marks = valuesOf(head, 'fleet-lock-protocol')
  const isMarked = marks.length === 1 && marks[0] === 'true'
  if (head.method !== 'POST' || !isMarked || !isPlain(head)) return { verdict: 'bogus' }
  const identity = body.length > MAX_BODY_BYTES ? undefined : judgeBody(body, groups)
  const operation = PATHS.get(pathOf(head.target))
  if (identity === undefined || operation === undefined) return { verdict: 'bogus' }
  const demand = { isLock: operation === 'lock', identity }
  return { verdict: head.isLenient ? 'unsure' : 'genuine', demand }
}

/** A body that is not compressed. */
function isPlain(head: Head): boolean {
  const encodings = valuesOf(head, 'content-encoding')
  return (
    encodings.length === 0 || (encodings.length === 1 && /^(identity)?$/i.test(encodings[0] ?? ''))
  )
}

function pathOf(target: string): string {
  return /^(?:[a-z]+:\/\/[^/?#]*)?([^?]*)/i.exec(target)?.[1] ?? ''
}

function persistenceOf(head: Head): 'closes' | 'waits' | 'unsure' {
  if (valuesOf(head, 'proxy-connection').length > 0) return 'unsure'
  const tokens = valuesOf(head, 'connection').join(',').toLowerCase().split(',').map(trimBlanks)
  const hasKeepAlive = tokens.includes('keep-alive')
  // Nobody has to read on after an offer to speak another protocol.
  if (valuesOf(head, 'upgrade').length > 0 && tokens.join().includes('upgrade')) return 'unsure'
  if (tokens.includes('close')) return hasKeepAlive ? 'unsure' : 'closes'
  if (head.minorVersion === 0) return hasKeepAlive ? 'unsure' : 'closes'
  return 'waits'
}

function valuesOf({ headers }: Head, wanted: string): readonly string[] {
  return headers.filter(([name]) => name === wanted).map(([, value]) => value)
}
