import fc from 'fast-check'
import type { Identity } from './body-oracle.js'

/** The groups of the daemon under test. */
export const GROUPS = {
  /** More slots than there are machines in the suite. */
  open: 'fuzz-open',
  /** Named like a property of every object; as many slots. */
  constructor: 'constructor',
  /** No slot. */
  closed: 'fuzz-closed',
} as const

/** Ids that are valid, and that careless programs stumble over. */
const STRANGE_IDS: readonly string[] = [
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'valueOf'],
  ...['null', 'undefined', 'true', 'NaN', '0', '-1', '[]', '{}', '""', "'", '"', '\\', '\\u0000'],
  ...[
    '../../etc/passwd',
    '/',
    '..',
    '.',
    '%00',
    '%2F',
    '%',
    '+',
    ' ',
    '  a  ',
    'a b',
    '*',
    '?',
    '#',
  ],
  ...['<script>', '&lt;', '$(reboot)', '`reboot`', '${id}', '{{id}}', "'; DROP TABLE entries; --"],
  ...[
    'ünïcödé',
    '日本語',
    '🤖',
    '👩🏽',
    'e\u0301',
    '\ufffd',
    '\uffff',
    '\ue000',
    '\u{10ffff}',
    '\u00a0',
  ],
  ...['x'.repeat(256), '🤖'.repeat(128), 'ﬃ'.repeat(256), 'level=error msg="forged"', 'a=b c="d'],
]

/** Ids that are refused. */
const WRONG_IDS: readonly string[] = [
  ...[
    '',
    '\0',
    'a\0b',
    'a\nb',
    'a\r\nlevel=error',
    '\t',
    '\u001b[31m',
    '\u007f',
    '\u0085',
    '\u009f',
  ],
  ...[
    '\ud800',
    'a\udfff',
    '\udc00\ud800',
    '\u200b',
    '\u202e',
    '\u2028',
    '\u2029',
    '\ufeff',
    '\u00ad',
  ],
  ...['x'.repeat(257), '🤖'.repeat(129), 'x'.repeat(9000)],
]

const WRONG_GROUPS: readonly string[] = [
  ...[
    '',
    '__proto__',
    'prototype',
    'toString',
    'hasOwnProperty',
    'unknown',
    'FUZZ-OPEN',
    'Constructor',
  ],
  ...[
    'fuzz-open\n',
    'fuzz-open\0',
    ' fuzz-open',
    'fuzz-open ',
    'fuzz-open/v1',
    '../fuzz-open',
    'a/b',
  ],
  ...[
    'fuzz_open',
    'fuzz%2Dopen',
    'fuzz‑open',
    'ﬁ',
    '.',
    '..',
    '-',
    'x'.repeat(253),
    'x'.repeat(254),
  ],
]

/** The ids of one of the suite's workers; no two workers have one in common. */
export function idsOf(worker: number, workers: number): readonly string[] {
  const strange = STRANGE_IDS.filter((_, index) => index % workers === worker)
  return [...strange, `machine-${worker}-a`, `machine-${worker}-b`]
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 })
    .map((units) => String.fromCharCode(...units)),
)

/** Machines that may hold a slot; ids of other workers' machines do not occur. */
export function identityOf(worker: number, workers: number): fc.Arbitrary<Identity> {
  return fc.record({
    id: fc.oneof(
      { arbitrary: fc.constantFrom(...idsOf(worker, workers)), weight: 8 },
      { arbitrary: anyText.map((text) => `${worker}:${text}`), weight: 1 },
    ),
    group: fc.oneof(
      { arbitrary: fc.constantFrom(GROUPS.open, GROUPS.constructor), weight: 8 },
      { arbitrary: fc.constant(GROUPS.closed), weight: 1 },
    ),
  })
}

function wrongIdentityOf(identity: fc.Arbitrary<Identity>, worker: number): fc.Arbitrary<object> {
  const any = fc.oneof(
    fc.constantFrom<unknown>(null, true, 0, -0, 1.5, 1e308, [], {}, [['a']], { id: 'a' }),
    anyText.map((text) => `${worker}:${text}`),
    fc.jsonValue({ maxDepth: 2 }),
  )
  return fc.oneof(
    fc.tuple(identity, fc.constantFrom(...WRONG_IDS)).map(([right, id]) => ({ ...right, id })),
    fc
      .tuple(identity, fc.constantFrom(...WRONG_GROUPS))
      .map(([right, group]) => ({ ...right, group })),
    fc.tuple(identity, any).map(([right, group]) => ({ ...right, group })),
    fc.tuple(identity, fc.jsonValue({ maxDepth: 2 })).map(([right, id]) => {
      return typeof id === 'string' ? { ...right, id: `${worker}:${id}` } : { ...right, id }
    }),
    identity.map(({ id }) => ({ id })),
    identity.map(({ group }) => ({ group })),
    identity.map(({ id, group }) => ({ ID: id, Group: group })),
  )
}

/** Right bodies in all the forms that JSON has. */
function rightBody(identity: fc.Arbitrary<Identity>): fc.Arbitrary<Buffer> {
  const fields = fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 2 }), {
    maxKeys: 3,
  })
  const text = fc.oneof(
    {
      arbitrary: identity.map((it) => JSON.stringify({ client_params: it }, undefined, 2)),
      weight: 4,
    },
    { arbitrary: identity.map((it) => JSON.stringify({ client_params: it })), weight: 2 },
    fc
      .tuple(identity, fields, fields)
      .map(([it, a, b]) => JSON.stringify({ ...a, client_params: { ...b, ...it } })),
    identity.map(({ id, group }) => {
      return `{"client_params":{"group":${escapeAll(group)},"id":${escapeAll(id)}}}`
    }),
    identity.map(({ id, group }) => {
      const [a, b] = [JSON.stringify(id), JSON.stringify(group)]
      return `{"client_params":0,"client_params":{"id":"x","id":${a},"group":null,"group":${b}}}`
    }),
    fc
      .tuple(identity, fc.constantFrom(' ', '\t', '\n', '\r\n'), fc.nat(300))
      .map(([it, blank, count]) => {
        return blank.repeat(count) + JSON.stringify({ client_params: it }) + blank.repeat(count)
      }),
    fc.tuple(identity, fc.constantFrom(0, 1)).map(([it, over]) => {
      const body = JSON.stringify({ client_params: it })
      return body + ' '.repeat(16 * 1024 + over - Buffer.byteLength(body))
    }),
  )
  return text.map((body) => Buffer.from(body, 'utf8'))
}

function escapeAll(text: string): string {
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`
}

/** Bodies that are none, or only nearly. */
function wrongBody(identity: fc.Arbitrary<Identity>, worker: number): fc.Arbitrary<Buffer> {
  const right = identity.map((it) => JSON.stringify({ client_params: it }))
  const depth = fc.integer({ min: 1, max: 7000 })
  const text = fc.oneof(
    fc.tuple(right, fc.nat()).map(([body, at]) => body.slice(0, at % body.length)),
    fc
      .tuple(right, fc.constantFrom('}', ',', '{}', '\0', 'x', ';', '\ufeff', '//'))
      .map((it) => it.join('')),
    fc
      .tuple(fc.constantFrom('\ufeff', '\0', '(', 'x', ',', '\u00a0'), right)
      .map((it) => it.join('')),
    right.map((body) => body.replaceAll('"', "'")),
    right.map((body) => body.replace('}}', ',}}')),
    right.map((body) => body.replace('client_params', 'client-params')),
    right.map((body) => body.replace('"client_params":', '"client_params":[') + ']'),
    right.map((body) => `[${body}]`),
    right.map((body) => `{"__proto__":${body}}`),
    right.map((body) => `{"constructor":{"prototype":${body}}}`),
    right.map((body) => body.replace(/^(.*?):(.*)$/s, '$1:{"__proto__":$2}')),
    right.map((body) => JSON.stringify(body)),
    identity.map((it) => JSON.stringify(it)),
    wrongIdentityOf(identity, worker).map((it) => JSON.stringify({ client_params: it })),
    fc
      .tuple(depth, fc.boolean())
      .map(([n, isClosed]) => '['.repeat(n) + (isClosed ? ']'.repeat(n) : '')),
    depth.map((n) => '{"a":'.repeat(n / 2) + '0' + '}'.repeat(n / 2)),
    fc.tuple(right, depth).map(([body, n]) => {
      return body.replace('{', `{"deep":${'['.repeat(n)}${']'.repeat(n)},`)
    }),
    fc.constantFrom('', 'null', 'true', '0', '""', '{}', '[]', '{"client_params":{}}', 'undefined'),
    fc.constantFrom(
      '1e99999',
      '-',
      '01',
      '0x1',
      'NaN',
      '"\\ud800"',
      '"\\x41"',
      `"${'a'.repeat(9000)}`,
    ),
    fc.json({ maxDepth: 4 }),
    fc.constant('id=a&group=fuzz-open'),
  )
  return fc.oneof(
    { arbitrary: text.map((body) => Buffer.from(body, 'utf8')), weight: 8 },
    right.map((body) => Buffer.from(body, 'utf16le')),
    right.map((body) => Buffer.from(body, 'utf16le').swap16()),
    right.map((body) => Buffer.from(body.replace('"id":"', '"id":"\u00e9\u00ff'), 'latin1')),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    // Overlong, a surrogate in UTF-8, beyond the last character, and cut off.
    fc
      .tuple(
        right,
        fc.constantFrom('c0af', 'e080af', 'eda080', 'f4908080', 'f8888080', 'ff', 'e282', '80'),
      )
      .map(([body, hex]) => {
        const [begin = '', end = ''] = body.split('"id":"')
        return Buffer.concat([
          Buffer.from(`${begin}"id":"`),
          Buffer.from(hex, 'hex'),
          Buffer.from(end),
        ])
      }),
    {
      arbitrary: fc
        .tuple(right, fc.integer({ min: 16 * 1024 + 1, max: 80_000 }))
        .map(([body, size]) => Buffer.from(body.padEnd(size))),
      weight: 1,
    },
  )
}

/** Bodies of one worker: as many right ones as wrong ones. */
export function bodyOf(worker: number, workers: number): fc.Arbitrary<Buffer> {
  const identity = identityOf(worker, workers)
  return fc.oneof(rightBody(identity), wrongBody(identity, worker))
}

/** Right bodies of one worker only. */
export function rightBodyOf(worker: number, workers: number): fc.Arbitrary<Buffer> {
  return rightBody(identityOf(worker, workers))
}
