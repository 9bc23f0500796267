import fc from 'fast-check'
import { bodyOf, GROUPS, rightBodyOf } from './body-arbitraries.js'
import type { Delivery } from './connection.js'

/** Ends a stream: the server answers it, and closes; so that what came before is known to be over. */
const LAST_REQUEST = Buffer.from('GET /the-end HTTP/1.1\r\nConnection: close\r\n\r\n')

type Lines = readonly string[]

interface Message {
  readonly line: string
  readonly headers: Lines
  readonly body: Buffer
  /** Instead of CRLF between the lines of the head. */
  readonly newline?: string
}

function print({ line, headers, body, newline = '\r\n' }: Message): Buffer {
  const head = [line, ...headers, '', ''].join(newline)
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}

const MARK = 'fleet-lock-protocol: true'
const path = fc.constantFrom('/v1/pre-reboot', '/v1/steady-state')
const line = path.map((target) => `POST ${target} HTTP/1.1`)
const lengthOf = (body: Buffer): string => `Content-Length: ${body.length}`

function rightMessage(body: fc.Arbitrary<Buffer>): fc.Arbitrary<Message> {
  const harmless = fc.subarray(
    [
      ...['Host: airlock', 'User-Agent: Zincati', 'Accept: */*', 'Content-Type: application/json'],
      ...[
        'Content-Type: application/x-www-form-urlencoded',
        'Content-Type: text/plain; charset=utf-16',
      ],
      ...[
        'Content-Type: \xff',
        'Content-Encoding: identity',
        'X-Forwarded-For: 1.2.3.4',
        'Cookie: a=b',
      ],
      ...[
        'Connection: keep-alive',
        'Expect: 100-continue',
        'Expect: the-unexpected',
        'TE: trailers',
      ],
      ...['X-Http-Method-Override: GET', 'X-Original-Url: /', 'Content-Language: \x80', 'a:'],
      ...['Upgrade: websocket', 'Upgrade: h2c', 'Trailer: fleet-lock-protocol', 'If-None-Match: *'],
    ],
    { maxLength: 4 },
  )
  const mark = fc.constantFrom(
    ...[MARK, MARK, MARK, 'Fleet-Lock-Protocol: true', 'FLEET-LOCK-PROTOCOL:true'],
    ...[
      'fleet-lock-protocol:   true',
      'fleet-lock-protocol: true\t ',
      'fleet-lock-protocol:\t true',
    ],
  )
  return fc
    .tuple(line, mark, harmless, body, fc.boolean())
    .map(([line, mark, others, body, isMarkFirst]) => ({
      line,
      headers: isMarkFirst ? [mark, ...others, lengthOf(body)] : [lengthOf(body), ...others, mark],
      body,
    }))
}

const WRONG_LINES: Lines = [
  ...[
    'GET',
    'HEAD',
    'PUT',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'PATCH',
    'QUERY',
    'LOCK',
    'CONNECT',
    'PRI',
  ],
  ...['post', 'Post', 'POSTX', 'PO ST', 'P\0ST', '', 'POST\t', '\u00e9POST', '"POST"', 'M-SEARCH'],
]
const TARGETS: Lines = [
  ...['/', '*', '//v1/pre-reboot', '/v1//pre-reboot', '/v1/pre-reboot/', '/V1/PRE-REBOOT', '/v1'],
  ...[
    '/v1/pre-reboot?',
    '/v1/pre-reboot?a=b&__proto__=c',
    '/v1/pre-reboot#a',
    '/v1/pre-reboot?%',
    '/%',
  ],
  ...[
    '/v1/pre%2Dreboot',
    '/v1/%70re-reboot',
    '/%2e%2e/v1/pre-reboot',
    '/./v1/pre-reboot',
    '/v1/../v1',
  ],
  ...[
    '/v1/pre-reboot%00',
    '/v1/pre-reboot\0',
    '/v1/pre-reboot;a',
    '/v1\\pre-reboot',
    '\\v1\\pre-reboot',
  ],
  ...[
    'v1/pre-reboot',
    'http://airlock/v1/pre-reboot',
    'https://airlock:1/v1/steady-state?a',
    'http://',
  ],
  ...[
    'http://[/v1/pre-reboot',
    'http://[::1]/v1/pre-reboot',
    'http://a:b@c/v1/pre-reboot',
    'http:///v1',
  ],
  ...[
    'http://a:b:c/v1/pre-reboot',
    'http://a%/v1/pre-reboot',
    'ftp://a/v1/pre-reboot',
    'javascript:0',
  ],
  ...['/v1/pre-reboot\u00e9', `/${'a'.repeat(9000)}`, `/v1/pre-reboot?${'a'.repeat(17_000)}`, ''],
]
const VERSIONS: Lines = [
  ...['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.2', 'HTTP/3', 'HTTP/1', 'http/1.1', 'HTTP/01.1'],
  ...[
    'HTTP/1.1 ',
    ' HTTP/1.1',
    'HTTP/1.1\t',
    'HTTP/-1.1',
    'HTTP/1.1.1',
    'HTTPS/1.1',
    'RTSP/1.0',
    '',
  ],
]

const wrongLine = fc.oneof(
  fc
    .tuple(fc.constantFrom(...WRONG_LINES), path)
    .map(([method, target]) => `${method} ${target} HTTP/1.1`),
  fc.constantFrom(...TARGETS).map((target) => `POST ${target} HTTP/1.1`),
  fc
    .tuple(path, fc.constantFrom(...VERSIONS))
    .map(([target, version]) => `POST ${target} ${version}`),
  path.map((target) => `POST ${target}`),
  path.map((target) => `POST  ${target} HTTP/1.1`),
  path.map((target) => ` POST ${target} HTTP/1.1`),
)

/** What stands in place of the mark. */
const WRONG_MARKS: readonly Lines[] = [
  ...[[], [MARK, MARK], [MARK, 'fleet-lock-protocol: false'], ['fleet-lock-protocol: false', MARK]],
  ...[['fleet-lock-protocol: TRUE'], ['fleet-lock-protocol: "true"'], ['fleet-lock-protocol:']],
  ...[
    ['fleet-lock-protocol: true, true'],
    ['fleet-lock-protocol: true;'],
    ['fleet-lock-protocol: 1'],
  ],
  ...[
    ['fleet-lock-protocol : true'],
    [' fleet-lock-protocol: true'],
    ['fleet-lock-protocol:\r\n true'],
  ],
  ...[
    ['fleet-lock-protocol: true\0'],
    ['fleet-lock-protocol: tr\0ue'],
    ['fleet_lock_protocol: true'],
  ],
  ...[
    ['fleet-lock-protocol\0: true'],
    ['fleet-lock-protocol true'],
    ['fleet-lock-protocol: true\xa0'],
  ],
  ...[
    ['X: a\nfleet-lock-protocol: true'],
    ['X: a\rfleet-lock-protocol: true'],
    ['X: fleet-lock-protocol: true'],
  ],
]

/** What stands beside the right headers. */
const WRONG_HEADERS: readonly Lines[] = [
  ...[
    [':'],
    [': a'],
    ['a'],
    ['a b: c'],
    ['a : b'],
    ['a\t: b'],
    ['"a": b'],
    ['a(b): c'],
    ['\xff: a'],
    ['@: a'],
  ],
  ...[
    ['a: b\0c'],
    ['a: b\rc'],
    ['a: b\nc'],
    ['a: b\x01'],
    ['a: b\x7f'],
    ['a: b', ' c'],
    ['a: b', '\tc'],
    ['', ''],
  ],
  ...[['a: b\n'], ['a: b\r'], ['\na: b'], ['\ra: b'], ['a: b\n\nGET / HTTP/1.1'], ['a: b\r\r\n']],
  ...[[`a: ${'b'.repeat(15_000)}`], [`a: ${'b'.repeat(17_000)}`], [`a: ${'b'.repeat(70_000)}`]],
  ...[
    Array<string>(2100).fill('a:'),
    Array<string>(5000).fill('a:'),
    Array<string>(900).fill('b: c'),
  ],
  ...[
    [`${'a'.repeat(9000)}: b`],
    [`a: ${' '.repeat(9000)}b`],
    Array<string>(200).fill('Cookie: a=b'),
  ],
  ...[['Content-Encoding: gzip'], ['Content-Encoding: br'], ['Content-Encoding: identity, gzip']],
  ...[['Content-Encoding: deflate'], ['Content-Encoding: x'], ['Content-Encoding:']],
  ...[
    ['Connection: close'],
    ['Connection: close, keep-alive'],
    ['Connection: \x00'],
    ['Proxy-Connection: close'],
  ],
  ...[
    ['Connection: Upgrade', 'Upgrade: websocket'],
    ['Connection: upgrade, http2-settings', 'Upgrade: h2c'],
  ],
  ...[['Connection: fleet-lock-protocol'], ['Connection: content-length'], ['Host: a', 'Host: b']],
  ...[
    ['__proto__: a'],
    ['constructor: a'],
    ['hasOwnProperty: a'],
    ['toString: a'],
    ['__proto__: __proto__'],
  ],
]

/** How the length of a body is told, besides by one right Content-Length. */
const FRAMINGS: readonly ((size: number) => Lines)[] = [
  () => [],
  (size) => [`Content-Length: ${size}`, `Content-Length: ${size}`],
  (size) => [`Content-Length: ${size}`, 'Content-Length: 0'],
  (size) => ['Content-Length: 0', `Content-Length: ${size}`],
  (size) => [`Content-Length: ${size}, ${size}`],
  (size) => [`Content-Length: +${size}`],
  (size) => [`Content-Length: -${size}`],
  (size) => [`Content-Length: ${size}.0`],
  (size) => [`Content-Length: 0x${size.toString(16)}`],
  (size) => [`Content-Length: ${size} ${size}`],
  (size) => [`Content-Length: 0000000${size}`],
  (size) => [`Content-Length:\t${size}\t`],
  (size) => [`Content-Length: "${size}"`],
  (size) => [`Content-Length : ${size}`],
  (size) => [`Content-Length:\r\n ${size}`],
  (size) => [`Content_Length: ${size}`],
  (size) => [`Content-Length: ${size}\0`],
  (size) => [`Content-Length: ${size - 1}`],
  (size) => [`Content-Length: ${size + 1}`],
  (size) => [`Content-Length: ${size + 44}`],
  () => ['Content-Length: 0'],
  () => ['Content-Length:'],
  () => ['Content-Length: 18446744073709551616'],
  () => ['Content-Length: 9999999999999999999'],
  () => ['Content-Length: 99999999999999999999999999'],
  () => ['Content-Length: NaN'],
  (size) => [`Content-Length: ${size}`, 'Transfer-Encoding: chunked'],
  (size) => ['Transfer-Encoding: chunked', `Content-Length: ${size}`],
  (size) => [`Content-Length: ${size}`, 'Transfer-Encoding: identity'],
  (size) => [`Content-Length: ${size}`, 'Transfer-Encoding:'],
  (size) => [`Content-Length: ${size}`, 'Transfer-Encoding : chunked'],
  (size) => [`Content-Length: ${size}`, 'Transfer-Encoding\0: chunked'],
  (size) => [`Content-Length: ${size}`, 'Transfer_Encoding: chunked'],
]

const CODINGS: readonly Lines[] = [
  ...[
    ['chunked'],
    ['chunked'],
    ['chunked'],
    ['Chunked'],
    ['chunked, chunked'],
    ['chunked', 'chunked'],
  ],
  ...[
    ['gzip, chunked'],
    ['gzip', 'chunked'],
    ['chunked, gzip'],
    ['chunked', 'identity'],
    ['identity', 'chunked'],
  ],
  ...[
    ['xchunked'],
    ['chunkedx'],
    ['"chunked"'],
    ['chunked;a=b'],
    ['chunked,'],
    [',chunked'],
    [' chunked\t'],
  ],
  ...[
    ['\x0bchunked'],
    ['chunked\x0c'],
    ['chun\x00ked'],
    ['\r\n chunked'],
    ['chunke'],
    ['identity'],
    [''],
  ],
]

/** A body in chunks that are right, or not quite. */
function inChunks(body: Buffer, size: number, flaw: string): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.subarray(at, at + size)
    const hex = chunk.length.toString(16)
    const line = CHUNK_LINES[flaw]?.(hex) ?? `${hex}\r\n`
    parts.push(Buffer.from(line, 'latin1'), chunk, Buffer.from(CHUNK_ENDS[flaw] ?? '\r\n'))
  }
  return Buffer.concat([...parts, Buffer.from(LAST_CHUNKS[flaw] ?? '0\r\n\r\n', 'latin1')])
}

const CHUNK_LINES: Readonly<Record<string, (hex: string) => string>> = {
  upper: (hex) => `${hex.toUpperCase()}\r\n`,
  zeros: (hex) => `0000${hex}\r\n`,
  extension: (hex) => `${hex};a=b;c="d"\r\n`,
  longExtension: (hex) => `${hex};${'a'.repeat(3000)}\r\n`,
  strangeExtension: (hex) => `${hex};\x00\r\n`,
  lineFeedInExtension: (hex) => `${hex};a\nb\r\n`,
  space: (hex) => `${hex} \r\n`,
  sign: (hex) => `+${hex}\r\n`,
  negative: (hex) => `-${hex}\r\n`,
  prefix: (hex) => `0x${hex}\r\n`,
  lineFeed: (hex) => `${hex}\n`,
  return: (hex) => `${hex}\r`,
  huge: (hex) => `ffffffffffffff${hex}\r\n`,
  tooHuge: (hex) => `fffffffffffffffff${hex}\r\n`,
  empty: () => '\r\n',
  wrong: () => 'g\r\n',
}
const CHUNK_ENDS: Readonly<Record<string, string>> = {
  noEnd: '',
  lineFeedEnd: '\n',
  longEnd: 'x\r\n',
}
const LAST_CHUNKS: Readonly<Record<string, string>> = {
  noLast: '',
  noTrailerEnd: '0\r\n',
  trailer: '0\r\na: b\r\n\r\n',
  markInTrailer: '0\r\nfleet-lock-protocol: true\r\nContent-Length: 5\r\n\r\n',
  wrongTrailer: '0\r\na\r\n\r\n',
  nulInTrailer: '0\r\na: \0\r\n\r\n',
  lineFeedLast: '0\n\n',
  zeros: '0000\r\n\r\n',
}
const FLAWS = [
  '',
  '',
  '',
  ...[CHUNK_LINES, CHUNK_ENDS, LAST_CHUNKS].flatMap((it) => Object.keys(it)),
]

function chunkedMessage(body: fc.Arbitrary<Buffer>): fc.Arbitrary<Message> {
  return fc
    .tuple(
      line,
      body,
      fc.integer({ min: 1, max: 300 }),
      fc.constantFrom(...FLAWS),
      fc.constantFrom(...CODINGS),
    )
    .map(([line, body, size, flaw, codings]) => ({
      line,
      headers: [
        ...(flaw === 'markInTrailer' ? [] : [MARK]),
        ...codings.map((coding) => `Transfer-Encoding: ${coding}`),
      ],
      body: inChunks(body, Math.max(size, Math.ceil(body.length / 200)), flaw),
    }))
}

/** Messages of which one thing is wrong, or unusual. */
function flawedMessage(body: fc.Arbitrary<Buffer>): fc.Arbitrary<Message> {
  const right = rightMessage(body)
  return fc.oneof(
    fc.tuple(right, wrongLine).map(([message, line]) => ({ ...message, line })),
    fc.tuple(line, body, fc.constantFrom(...WRONG_MARKS)).map(([line, body, marks]) => {
      return { line, headers: [...marks, lengthOf(body)], body }
    }),
    fc.tuple(right, fc.constantFrom(...WRONG_HEADERS)).map(([message, wrong]) => {
      return { ...message, headers: [...wrong, ...message.headers] }
    }),
    fc.tuple(right, fc.constantFrom(...WRONG_HEADERS)).map(([message, wrong]) => {
      return { ...message, headers: [...message.headers, ...wrong] }
    }),
    fc.tuple(line, body, fc.constantFrom(...FRAMINGS)).map(([line, body, framing]) => {
      return { line, headers: [MARK, ...framing(body.length)], body }
    }),
    chunkedMessage(body),
    fc
      .tuple(right, fc.constantFrom('\n', '\r', '\n\r', '\r\r\n', '\0'))
      .map(([message, newline]) => {
        return { ...message, newline }
      }),
  )
}

/** Bytes that are no HTTP by any stretch. */
const noHttp: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ maxLength: 100 }).map((text) => Buffer.from(`${text}\r\n\r\n`)),
  // A TLS client's first words, HTTP/2's, those of SSH, of a SOCKS and of a PROXY protocol client.
  fc.constant(Buffer.from('16030100a5010000a10303', 'hex')),
  fc.constant(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')),
  fc.constant(Buffer.from('SSH-2.0-OpenSSH_9.6\r\n')),
  fc.constant(Buffer.from('050100', 'hex')),
  fc.constant(Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n')),
  fc.constant(Buffer.from('\r\n'.repeat(500))),
  fc.constant(Buffer.alloc(3000)),
)

/** Whole requests of which some bytes were changed, lost, doubled or put in. */
function mutated(messages: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
  const change = fc.record({
    kind: fc.constantFrom('flip', 'set', 'remove', 'insert', 'double', 'swap'),
    place,
    length: fc.integer({ min: 1, max: 8 }),
    byte: fc.oneof(
      fc.constantFrom(...Buffer.from('\0\t\n\r "\\:;,{}0\x7f\xff', 'latin1')),
      fc.nat(255),
    ),
  })
  return fc
    .tuple(messages, fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([bytes, changes]) => {
      return changes.reduce((mutant, { kind, place, length, byte }) => {
        const at = Math.floor(place * mutant.length)
        const [before, here] = [mutant.subarray(0, at), mutant.subarray(at, at + length)]
        const after = mutant.subarray(at + length)
        const inserted = Buffer.alloc(length, byte)
        if (kind === 'remove') return Buffer.concat([before, after])
        if (kind === 'set') return Buffer.concat([before, inserted.subarray(0, here.length), after])
        if (kind === 'insert') return Buffer.concat([before, inserted, here, after])
        if (kind === 'double') return Buffer.concat([before, here, here, after])
        if (kind === 'swap') return Buffer.concat([before, Buffer.from(here).reverse(), after])
        const flipped = Buffer.from(here)
        flipped[0] = (flipped[0] ?? 0) ^ (1 << (byte % 8))
        return Buffer.concat([before, flipped, after])
      }, bytes)
    })
}

/** A machine that no other case knows, so that a mutated id is nobody else's. */
const mutant: fc.Arbitrary<Buffer> = fc
  .tuple(fc.constantFrom(GROUPS.open, GROUPS.constructor), fc.uuid())
  .map(([group, id]) =>
    Buffer.from(JSON.stringify({ client_params: { id: `mutant-${id}`, group } })),
  )

/** Everything that a client may send on one connection, and how. */
export function deliveryOf(worker: number, workers: number): fc.Arbitrary<Delivery> {
  const body = bodyOf(worker, workers)
  const right = rightMessage(rightBodyOf(worker, workers)).map(print)
  const any = fc.oneof(
    { arbitrary: right, weight: 2 },
    { arbitrary: rightMessage(body).map(print), weight: 3 },
    { arbitrary: flawedMessage(rightBodyOf(worker, workers)).map(print), weight: 4 },
    { arbitrary: flawedMessage(body).map(print), weight: 1 },
  )
  const stream = fc.oneof(
    { arbitrary: any, weight: 6 },
    { arbitrary: mutated(rightMessage(mutant).map(print)), weight: 3 },
    {
      arbitrary: fc.array(any, { minLength: 2, maxLength: 6 }).map((it) => Buffer.concat(it)),
      weight: 2,
    },
    {
      arbitrary: fc.array(right, { minLength: 2, maxLength: 8 }).map((it) => Buffer.concat(it)),
      weight: 1,
    },
    { arbitrary: noHttp, weight: 1 },
    { arbitrary: fc.tuple(right, noHttp).map((it) => Buffer.concat(it)), weight: 1 },
    {
      arbitrary: fc.tuple(any, fc.double({ min: 0, max: 1, noNaN: true })).map(([bytes, part]) => {
        return bytes.subarray(0, Math.floor(part * bytes.length))
      }),
      weight: 1,
    },
  )
  return fc.record({
    bytes: fc
      .tuple(stream, fc.integer({ min: 0, max: 9 }))
      .map(([bytes, n]) => (n === 0 ? bytes : Buffer.concat([bytes, LAST_REQUEST]))),
    cuts: fc.oneof(
      { arbitrary: fc.constant<readonly number[]>([]), weight: 2 },
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
    ),
    manner: fc.oneof(
      { arbitrary: fc.constant('stay' as const), weight: 18 },
      fc.constantFrom('half-close' as const, 'leave' as const),
    ),
  })
}
