import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { parseSettings } from '../../lib/config/parse-settings.js'
import { formatProblems } from '../../lib/config/format-problems.js'
import { printSettings } from '../../lib/config/print-settings.js'
import { MAX_FILE_BYTES } from '../../lib/config/bounds.js'
import { runAirlock } from '../support/run-airlock.js'
import { createTempFolder } from '../support/temp-folder.js'
import { FUZZ_CASES, FUZZ_SEED, report } from './fuzz-settings.js'

const OPTIONS = { nodeMajor: 20 }

/** Longest time for one file of the largest size, in milliseconds; a daemon waits for it at a reload. */
const MAX_PARSE_MS = 10_000

const SAMPLES = ['development', 'tutorial', 'example'].map((name) => {
  return readFileSync(new URL(`../../../config/${name}.toml`, import.meta.url), 'utf8')
})
/** All that the example has behind `#` too. */
const WHOLE_SAMPLES = [...SAMPLES, ...SAMPLES.map((text) => text.replace(/^#(?=[a-z[])/gm, ''))]

const KEYS = [
  ...new Set(WHOLE_SAMPLES.flatMap((text) => [...text.matchAll(/^([a-z0-9_]+) =/gm)])),
].map(([, key = '']) => key)
const SECTIONS = [
  ...new Set(WHOLE_SAMPLES.flatMap((text) => [...text.matchAll(/^\[+([a-z0-9_.]+)\]/gm)])),
].map(([, section = '']) => section)

const key = fc.oneof(
  { arbitrary: fc.constantFrom(...KEYS), weight: 5 },
  fc.constantFrom('__proto__', 'constructor', 'toString', '"a.b"', "''", '"\\u0000"', '1', 'a.b.c'),
  fc.stringMatching(/^[a-z_]{1,12}$/),
)
const section = fc.oneof(
  { arbitrary: fc.constantFrom(...SECTIONS), weight: 5 },
  fc.constantFrom(
    '__proto__',
    'constructor.prototype',
    '"[lock]"',
    'lock.groups.name',
    'lock.__proto__',
  ),
)
const value = fc.oneof(
  fc.constantFrom(
    'true',
    'false',
    '0',
    '1',
    '-1',
    '3333',
    '65536',
    '1.0',
    'inf',
    'nan',
    '0x1f',
    '1e400',
  ),
  fc.constantFrom(
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775809',
    '1_000',
    '+1',
  ),
  fc.constantFrom(
    '""',
    '"embedded"',
    '"etcd"',
    '"config"',
    '"json"',
    '"127.0.0.1"',
    '"::1"',
    '"a\\u0000b"',
  ),
  fc.constantFrom(
    '1979-05-27',
    '07:32:00',
    '1979-05-27T07:32:00Z',
    '[]',
    '{}',
    '[[]]',
    '{ a = 1 }',
    '"',
    "'''",
  ),
  fc.constantFrom(
    '["http://a:1"]',
    '["https://a:1", "http://a:1"]',
    '["http://u:p@a:1"]',
    '[1, "a"]',
    '"\\ud800"',
  ),
  fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => JSON.stringify(text)),
  fc.integer({ min: 0, max: 100_000 }).map(String),
)
const statement = fc.oneof(
  { arbitrary: fc.tuple(key, value).map((it) => it.join(' = ')), weight: 6 },
  section.map((name) => `[${name}]`),
  section.map((name) => `[[${name}]]`),
  fc.string({ unit: 'binary', maxLength: 30 }),
)

/** Files of right keys with right and wrong values, and of much else. */
const composed = fc.array(statement, { maxLength: 20 }).map((lines) => lines.join('\n'))

/** The samples, changed in some places. */
const mutated = fc
  .tuple(
    fc.constantFrom(...WHOLE_SAMPLES),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.nat(30),
        fc.oneof(value, statement, fc.constant(''), fc.string({ maxLength: 3 })),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([text, changes]) =>
    changes.reduce((changed, [place, length, put]) => {
      const at = place % (changed.length + 1)
      return changed.slice(0, at) + put + changed.slice(at + length)
    }, text),
  )

const anyCount = fc.integer({ min: 0, max: 60_000 }).map(String)
const anyBoolean = fc.constantFrom('true', 'false')
const anyName = fc.stringMatching(/^[a-z][a-z0-9.-]{0,9}$/).map((name) => `"${name}"`)

/** Values of the same type as the old one. */
function likeOld(old: string): fc.Arbitrary<string> {
  if (/^\d+$/.test(old)) return anyCount
  if (/^(?:true|false)$/.test(old)) return anyBoolean
  return /^"/.test(old) ? anyName : fc.constant(old)
}

/** One sample with other values for some keys. */
function revaluedSample(sample: string): fc.Arbitrary<string> {
  const changes = [...sample.matchAll(/^([a-z0-9_]+) = (.*)$/gm)].map(
    ([all, name = '', old = '']) => likeOld(old).map((put) => ({ all, put: `${name} = ${put}` })),
  )
  return fc
    .array(fc.oneof(...changes), { maxLength: 3 })
    .map((chosen) => chosen.reduce((text, { all, put }) => text.replace(all, () => put), sample))
}

/** Valid TOML, and often valid settings. */
const revalued = fc.oneof(...WHOLE_SAMPLES.map(revaluedSample))

const environment = fc.dictionary(
  fc.oneof(
    fc.tuple(fc.constantFrom(...SECTIONS), key).map(([section, key]) => {
      return `AIRLOCK__${section}__${key}`.toUpperCase().replaceAll('.', '__')
    }),
    fc.constantFrom(
      'AIRLOCK__',
      'AIRLOCK____PROTO____',
      'AIRLOCK__SERVICE',
      'AIRLOCK__A__B__C',
      '__proto__',
    ),
  ),
  fc.oneof(
    fc.string({ maxLength: 10 }),
    value,
    fc.constantFrom('', '3333', 'true', 'http://a:1,http://b:1'),
  ),
  { maxKeys: 2 },
)

const ONE_LINE = /^[^\n\r]*$/

describe('the configuration, whatever a file says', function () {
  this.timeout(60_000 + FUZZ_CASES * 5)

  it('is settings or problems, and settings are the same after printing', () => {
    const tally = { cases: 0, settings: 0, problems: 0 }
    const noise = fc.string({ unit: 'binary', maxLength: 200 })
    const anyFile = fc.oneof({ arbitrary: revalued, weight: 4 }, composed, mutated, noise)
    const anyEnvironment = fc.oneof({ arbitrary: fc.constant({}), weight: 3 }, environment)
    fc.assert(
      fc.property(anyFile, anyEnvironment, (toml, variables) => {
        tally.cases += 1
        const parsed = parseSettings(toml, variables, OPTIONS)
        if ('problems' in parsed) {
          tally.problems += 1
          expect(parsed.problems).to.not.deep.equal([])
          for (const { path, message } of parsed.problems) {
            expect(path).to.be.a('string').and.match(ONE_LINE)
            expect(message).to.be.a('string').and.match(ONE_LINE)
          }
          formatProblems('file', parsed.problems)
          return
        }
        tally.settings += 1
        const again = parseSettings(printSettings(parsed.settings), {}, OPTIONS)
        expect(again).to.have.deep.property('settings', parsed.settings)
      }),
      { numRuns: Math.ceil(FUZZ_CASES / 5), seed: FUZZ_SEED },
    )
    report('configurations', tally)
    expect(tally.settings).to.be.greaterThan(tally.cases / 20)
    expect(tally.problems).to.be.greaterThan(tally.cases / 3)
    expect(Object.hasOwn(Object.prototype, 'port')).to.equal(false)
  })

  const half = MAX_FILE_BYTES / 2
  const huge: Readonly<Record<string, string>> = {
    'one number': `[service]\nport = ${'9'.repeat(MAX_FILE_BYTES - 20)}`,
    'one string': `[service]\naddress = "${'a'.repeat(MAX_FILE_BYTES - 30)}"`,
    'one comment': `#${'a'.repeat(MAX_FILE_BYTES - 1)}`,
    'one key': `${'a'.repeat(MAX_FILE_BYTES - 4)} = 1`,
    'dotted keys': `${'a.'.repeat(half - 4)}a = 1`,
    'dotted section': `[${'a.'.repeat(half - 4)}a]`,
    'opened lists': `a = ${'['.repeat(MAX_FILE_BYTES - 4)}`,
    'closed lists': `a = ${'['.repeat(half - 4)}${']'.repeat(half - 4)}`,
    'inline tables': 'a = ' + '{a='.repeat(half / 2),
    'empty lines': '\n'.repeat(MAX_FILE_BYTES),
    groups: '[[lock.groups]]\nname="a"\n'.repeat(MAX_FILE_BYTES / 28),
    'different groups': Array.from(
      { length: 20_000 },
      (_, n) => `[[lock.groups]]\nname="g${n}"`,
    ).join('\n'),
    'unknown keys': Array.from({ length: 60_000 }, (_, n) => `servise${n} = 1`).join('\n'),
    sections: Array.from({ length: 60_000 }, (_, n) => `[a.b${n}]`).join('\n'),
    endpoints: `[etcd3]\nendpoints = [${'"http://a:1",'.repeat(MAX_FILE_BYTES / 16)}]`,
  }
  for (const [what, toml] of Object.entries(huge)) {
    it(`is read in time from 1 MiB of ${what}`, () => {
      const begin = performance.now()
      const parsed = parseSettings(toml, {}, OPTIONS)
      expect('problems' in parsed && parsed.problems.length).to.be.greaterThan(0)
      if ('problems' in parsed) formatProblems('file', parsed.problems)
      expect(performance.now() - begin).to.be.lessThan(MAX_PARSE_MS)
    })
  }

  it('ends check-config with 0 or 2, from any bytes', async () => {
    const folder = await createTempFolder()
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 500 }).map((it) => Buffer.from(it)),
      fc.oneof(composed, mutated, revalued).map((text) => Buffer.from(text, 'utf8')),
      composed.map((text) => Buffer.from(`\ufeff${text}`, 'utf16le')),
    )
    const numRuns = Math.min(100, Math.ceil(FUZZ_CASES / 500))
    const property = fc.asyncProperty(bytes, async (content) => {
      const file = await folder.write('config.toml', content)
      const { exitCode, stderr } = await runAirlock(['check-config', '-c', file], {
        timeoutMs: 60_000,
      })
      expect(exitCode, stderr).to.be.oneOf([0, 2])
      expect(stderr).to.not.match(/^ {4}at /m)
    })
    await fc.assert(property, { numRuns, seed: FUZZ_SEED })
    await folder.remove()
  })
})
