import { isUtf8 } from 'node:buffer'
import { expect } from 'chai'
import fc from 'fast-check'
import { parseSemaphore, printSemaphore } from '../../lib/semaphore/semaphore-document.js'
import { embeddedConfig } from '../support/embedded-config.js'
import { preReboot, steadyState } from '../support/fleetlock-request.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'
import { FUZZ_CASES, FUZZ_SEED, report } from './fuzz-settings.js'
import { processFigures } from './process-figures.js'
import { StoredDocuments } from './stored-documents.js'

/** A semaphore as a test reads it, or `corrupt`. */
type Judged = { readonly slots: number; readonly holders: readonly string[] } | 'corrupt'

/** What a document says by docs/from-airlock.md, without any code of lib/. */
function judgeDocument(bytes: Buffer): Judged {
  if (!isUtf8(bytes)) return 'corrupt'
  let document: unknown
  try {
    document = JSON.parse(bytes.toString('utf8'))
  } catch {
    return 'corrupt'
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return 'corrupt'
  const fields = new Map<string, unknown>(Object.entries(document))
  const slots = fields.get('total_slots')
  const holders = fields.get('holders') === null ? [] : fields.get('holders')
  if (fields.size !== 2 || !Number.isSafeInteger(slots) || Number(slots) < 0) return 'corrupt'
  if (!Array.isArray(holders) || new Set(holders).size < holders.length) return 'corrupt'
  const isText = (id: unknown): id is string => typeof id === 'string' && id !== ''
  return holders.every(isText) ? { slots: Number(slots), holders } : 'corrupt'
}

const id = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'machine',
    '__proto__',
    '\0',
    '\ud800',
    '\ufffd',
    '\u2028',
    ' ',
    'x'.repeat(5000),
  ),
  fc.string({ minLength: 1, maxLength: 10 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 10 }),
)
const right = fc
  .tuple(fc.nat(12), fc.uniqueArray(id, { maxLength: 10 }))
  .map(([slots, holders]) => JSON.stringify({ total_slots: slots, holders }))
const strange = fc.oneof(
  right.map((text) => JSON.stringify(JSON.parse(text), undefined, 2)),
  right.map((text) => ` ${text}\n`),
  right.map((text) => text.replace(/"holders":.*/, '"holders":null}')),
  right.map((text) => text.replace(/"total_slots":\d+/, '"total_slots":1e2')),
  right.map((text) => text.replace(/"total_slots":\d+/, '"total_slots":-0')),
  right.map((text) => text.replace(/"total_slots":(\d+)/, '"total_slots":$1.0')),
  right.map((text) => text.replace('{', '{"total_slots":1,')),
  right.map((text) => text.replace('{', '{"holders":["b"],')),
)
const wrong = fc.oneof(
  fc.tuple(right, fc.nat()).map(([text, at]) => text.slice(0, at % text.length)),
  right.map((text) => text.replace('{', '{"__proto__":{},')),
  right.map((text) => text.replace('{', '{"revision":1,')),
  right.map((text) => text.replace('total_slots', 'Total_Slots')),
  right.map((text) => text.replace(/"total_slots":\d+/, '"total_slots":"1"')),
  right.map((text) => text.replace(/"total_slots":\d+/, '"total_slots":-1')),
  right.map((text) => text.replace(/"total_slots":\d+/, '"total_slots":0.5')),
  right.map((text) => text.replace(/"total_slots":\d+/, '"total_slots":9007199254740993')),
  right.map((text) => text.replace(/"total_slots":\d+/, '"total_slots":1e999')),
  right.map((text) => text.replace('"holders":[', '"holders":["a","a",')),
  right.map((text) => text.replace('"holders":[', '"holders":["",')),
  right.map((text) => text.replace('"holders":[', '"holders":[null,')),
  right.map((text) => text.replace('"holders":[', '"holders":[["a"],')),
  right.map((text) => text.replace(/"holders":.*/, '"holders":{"0":"a"}}')),
  right.map((text) => `${text}${text}`),
  right.map((text) => `\ufeff${text}`),
  fc.constantFrom(
    '',
    ' ',
    'null',
    '[]',
    '0',
    '""',
    '{}',
    'true',
    '{"total_slots":1}',
    '{"holders":[]}',
  ),
  fc.integer({ min: 1, max: 100_000 }).map((n) => '['.repeat(n)),
  fc.json(),
)
const document = fc.oneof(
  { arbitrary: right.map((text) => Buffer.from(text)), weight: 3 },
  { arbitrary: strange.map((text) => Buffer.from(text)), weight: 3 },
  { arbitrary: wrong.map((text) => Buffer.from(text)), weight: 4 },
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  fc.tuple(right, fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
    const bytes = Buffer.from(text)
    bytes[at % bytes.length] = byte
    return bytes
  }),
)

describe('a stored document, whatever it says', function () {
  this.timeout(60_000 + FUZZ_CASES * 5)

  it('is a semaphore or has a problem, and a semaphore is the same after printing', () => {
    const tally = { cases: 0, semaphores: 0, problems: 0 }
    fc.assert(
      fc.property(document, (bytes) => {
        tally.cases += 1
        const judged = isUtf8(bytes) ? judgeDocument(bytes) : undefined
        const parsed = parseSemaphore(bytes.toString('utf8'))
        if ('problem' in parsed) {
          tally.problems += 1
          if (judged !== undefined) expect(judged).to.equal('corrupt')
          return
        }
        tally.semaphores += 1
        const { semaphore } = parsed
        if (judged !== undefined) {
          expect(judged).to.not.equal('corrupt')
          const sorted = [...(judged as Exclude<Judged, 'corrupt'>).holders].sort()
          expect([...semaphore.holders].sort()).to.deep.equal(sorted)
        }
        expect(parseSemaphore(printSemaphore(semaphore))).to.deep.equal({ semaphore })
      }),
      { numRuns: FUZZ_CASES, seed: FUZZ_SEED },
    )
    report('documents', tally)
    expect(tally.semaphores).to.be.greaterThan(tally.cases / 5)
    expect(tally.problems).to.be.greaterThan(tally.cases / 5)
  })

  describe('under a daemon', () => {
    const GROUP = 'fuzz'
    let folder: TempFolder
    let daemon: Daemon
    let documents: StoredDocuments

    before(async () => {
      folder = await createTempFolder()
      const path = folder.file('store.db')
      const config = embeddedConfig({ path, groups: { [GROUP]: 3, other: 1 } })
      daemon = await runDaemon({ config, args: ['-v'] })
      await daemon.ready()
      await steadyState(daemon.serviceUrl, { group: GROUP, id: 'first' })
      documents = new StoredDocuments(path)
    })
    after(async () => {
      documents.close()
      expect((await daemon.stop()).code).to.equal(0)
      await folder.remove()
    })

    it('is served as it says, or store_corrupt, and then left as it is', async () => {
      const tally = { cases: 0, granted: 0, full: 0, corrupt: 0, 'not UTF-8': 0 }
      const before = await processFigures(daemon.statusUrl)
      const property = fc.asyncProperty(
        document,
        fc.constantFrom('a', 'node'),
        async (bytes, id) => {
          tally.cases += 1
          if (!isUtf8(bytes)) tally['not UTF-8'] += 1
          documents.write(GROUP, bytes)
          const judged = judgeDocument(bytes)
          const params = { group: GROUP, id }
          const { status, kind } = await preReboot(daemon.serviceUrl, params)
          const stored = documents.read(GROUP)
          if (judged === 'corrupt') {
            tally.corrupt += 1
            expect({ status, kind }).to.deep.equal({ status: 500, kind: 'store_corrupt' })
            expect(await steadyState(daemon.serviceUrl, params)).to.have.property('kind', kind)
            expect(documents.read(GROUP)?.equals(bytes)).to.equal(true)
            return
          }
          const mayLock = judged.holders.includes(id) || judged.holders.length < judged.slots
          expect(status).to.equal(mayLock ? 200 : 423)
          tally[mayLock ? 'granted' : 'full'] += 1
          const holders = mayLock ? [...new Set([...judged.holders, id])] : judged.holders
          expect(judgeDocument(stored ?? Buffer.alloc(0))).to.have.property('slots', judged.slots)
          expect([...documents.holders(GROUP)].sort()).to.deep.equal([...holders].sort())
          expect((await steadyState(daemon.serviceUrl, params)).status).to.equal(200)
          const left = holders.filter((holder) => holder !== id)
          expect([...documents.holders(GROUP)].sort()).to.deep.equal(left.sort())
        },
      )
      const numRuns = Math.ceil(FUZZ_CASES / 50)
      await fc.assert(property, { numRuns, seed: FUZZ_SEED })
      const after = await processFigures(daemon.statusUrl)
      const rss = `${before.residentMiB} at first, ${after.residentMiB} at last`
      report('live documents', { ...tally, 'RSS MiB': rss })
    })

    it('does not keep the other groups from being served', async () => {
      documents.write(GROUP, Buffer.from('corrupt'))
      const { status } = await preReboot(daemon.serviceUrl, { group: 'other', id: 'a' })
      expect(status).to.equal(200)
    })
  })
})
