import { expect } from 'chai'
import { StoreError } from '../../lib/store/store-error.js'
import {
  MAX_OPERATIONS,
  type CommitResult,
  type Put,
  type Snapshot,
  type Store,
  type Transaction,
} from '../../lib/store/store.js'
import { eventually } from '../support/eventually.js'

/** What one test of the contract works with; the suite closes every store that it was given. */
export interface StoreUnderTest {
  readonly store: Store
  /** Opens a further, independent client of the same data. */
  readonly another: () => Promise<Store>
  /** Where the test's keys begin; no other call gets the same. */
  readonly prefix: string
}

/** Generous: the contract is about answers; how soon they come is each store's own test. */
const TIMEOUT_MS = 8_000

/** etcd grants no lease shorter than 2 s and looks for ended ones every 500 ms. */
const VANISHED_WITHIN_MS = 8_000

/** The behaviour that every {@link Store} shares. `open` is called once for each test. */
export function describeStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} (store contract)`, () => {
    let store: Store
    let prefix: string
    let another: () => Promise<Store>
    let opened: Store[] = []

    beforeEach(async () => {
      const under = await open()
      store = under.store
      prefix = under.prefix
      opened = [store]
      another = async () => {
        const further = await under.another()
        opened.push(further)
        return further
      }
    })

    afterEach(() => Promise.all(opened.map((each) => each.close())))

    const key = (suffix: string): string => prefix + suffix
    const read = (...suffixes: string[]): Promise<Snapshot> =>
      store.read(
        suffixes.map((suffix) => ({ key: key(suffix) })),
        TIMEOUT_MS,
      )
    const readAll = (client = store): Promise<Snapshot> => client.read([{ prefix }], TIMEOUT_MS)
    const commit = (transaction: Partial<Transaction>, client = store): Promise<CommitResult> =>
      client.commit({ unchanged: [], puts: [], deletes: [], ...transaction }, TIMEOUT_MS)
    const put = (suffix: string, value: string, more: Partial<Put> = {}): Put => ({
      key: key(suffix),
      value,
      ...more,
    })

    /** Commits what must not conflict, and resolves to the revision. */
    async function mustCommit(transaction: Partial<Transaction>, client = store): Promise<number> {
      const result = await commit(transaction, client)
      if (result.outcome !== 'committed') throw new Error('expected a commit, got a conflict')
      return result.revision
    }

    /** Commits what must conflict, and resolves to the fresh snapshot. */
    async function mustConflict(transaction: Partial<Transaction>): Promise<Snapshot> {
      const result = await commit(transaction)
      if (result.outcome !== 'conflict') throw new Error('expected a conflict, got a commit')
      return result.snapshot
    }

    async function valuesOf(snapshot: Snapshot | Promise<Snapshot>): Promise<[string, string][]> {
      const { entries } = await snapshot
      return entries.map((entry) => [entry.key.slice(prefix.length), entry.value])
    }

    describe('read', () => {
      it('finds nothing for absent keys and prefixes', async () => {
        const { entries } = await store.read(
          [{ key: key('a') }, { prefix: key('b/') }, { prefix }],
          TIMEOUT_MS,
        )
        expect(entries).to.deep.equal([])
      })

      it('returns an entry with its value, revision and version', async () => {
        const revision = await mustCommit({ puts: [put('a', 'one')] })
        expect((await read('a')).entries).to.deep.equal([
          { key: key('a'), value: 'one', revision, version: 1 },
        ])
      })

      it('selects by key exactly', async () => {
        await mustCommit({ puts: [put('a', '1'), put('ab', '2'), put('a/b', '3'), put('A', '4')] })
        expect(await valuesOf(read('a'))).to.deep.equal([['a', '1']])
      })

      it('selects everything that begins with a prefix, the prefix itself included', async () => {
        await mustCommit({ puts: ['b', 'b/', 'b/1', 'b/2/3', 'c', 'a'].map((k) => put(k, '')) })
        expect(await valuesOf(store.read([{ prefix: key('b') }], TIMEOUT_MS))).to.deep.equal([
          ['b', ''],
          ['b/', ''],
          ['b/1', ''],
          ['b/2/3', ''],
        ])
      })

      it('takes a prefix literally', async () => {
        const suffixes = ['a%b', 'a%bc', 'axb', 'A%b', 'a_b', 'a*b', 'a[x]b']
        await mustCommit({ puts: suffixes.map((suffix) => put(suffix, '')) })
        for (const [asked, expected] of [
          ['a%', ['a%b', 'a%bc']],
          ['a_', ['a_b']],
          ['a*', ['a*b']],
          ['a[', ['a[x]b']],
        ] as const) {
          const found = await valuesOf(store.read([{ prefix: key(asked) }], TIMEOUT_MS))
          expect(found.map(([suffix]) => suffix)).to.deep.equal(expected)
        }
      })

      it('answers several selectors at once, naming no entry twice', async () => {
        await mustCommit({ puts: ['z', 'b/1', 'b/2', 'a', 'c'].map((k) => put(k, k)) })
        const snapshot = await store.read(
          [{ key: key('z') }, { prefix: key('b/') }, { key: key('b/2') }, { key: key('a') }],
          TIMEOUT_MS,
        )
        expect(await valuesOf(snapshot)).to.deep.equal([
          ['a', 'a'],
          ['b/1', 'b/1'],
          ['b/2', 'b/2'],
          ['z', 'z'],
        ])
      })

      it('sorts by the bytes of the keys', async () => {
        const suffixes = [
          '\u{10000}',
          '\u{1f600}',
          '\uffee',
          '\ue000',
          'é',
          'z',
          'Z',
          '0',
          'a',
          'aa',
        ]
        await mustCommit({ puts: suffixes.map((suffix) => put(suffix, '')) })
        const byBytes = [...suffixes].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        expect((await valuesOf(readAll())).map(([suffix]) => suffix)).to.deep.equal(byBytes)
        const singly = await read(...suffixes)
        expect((await valuesOf(singly)).map(([suffix]) => suffix)).to.deep.equal(byBytes)
      })

      it('tells the revision of the snapshot, at least that of every commit before', async () => {
        const before = (await readAll()).revision
        const first = await mustCommit({ puts: [put('a', '1')] })
        const second = await mustCommit({ puts: [put('b', '1')] })
        const { revision, entries } = await readAll()
        expect(first).to.be.greaterThan(before)
        expect(second).to.be.greaterThan(first)
        expect(revision).to.be.at.least(second)
        expect(entries.map((entry) => entry.revision)).to.deep.equal([first, second])
      })

      it('sees at once what another client committed', async () => {
        const other = await another()
        for (let round = 1; round <= 30; round++) {
          const [writer, reader] = round % 2 === 0 ? [store, other] : [other, store]
          await mustCommit({ puts: [put('a', String(round))] }, writer)
          expect(await valuesOf(readAll(reader))).to.deep.equal([['a', String(round)]])
        }
      })

      it('never sees half of a commit', async () => {
        const other = await another()
        let isDone = false
        const writing = (async () => {
          for (let round = 0; round < 100; round++) {
            const value = String(round)
            await mustCommit({ puts: [put('a', value), put('m/1', value), put('z', value)] }, other)
            await nextTurn()
          }
          isDone = true
        })()
        let reads = 0
        while (!(isDone as boolean)) {
          const { entries } = await store.read(
            [{ key: key('z') }, { prefix: key('m/') }, { key: key('a') }],
            TIMEOUT_MS,
          )
          expect([0, 3]).to.include(entries.length)
          expect(new Set(entries.map(({ value }) => value)).size).to.be.at.most(1)
          expect(new Set(entries.map(({ revision }) => revision)).size).to.be.at.most(1)
          reads++
          await nextTurn()
        }
        await writing
        expect(reads).to.be.greaterThan(1)
      })
    })

    describe('commit', () => {
      it('applies puts and deletes together, at one revision', async () => {
        await mustCommit({ puts: [put('old', '1'), put('kept', '1')] })
        const revision = await mustCommit({
          puts: [put('kept', '2'), put('new', '1')],
          deletes: [key('old')],
        })
        expect((await readAll()).entries).to.deep.equal([
          { key: key('kept'), value: '2', revision, version: 2 },
          { key: key('new'), value: '1', revision, version: 1 },
        ])
      })

      it('leaves the revision of other keys alone', async () => {
        const revision = await mustCommit({ puts: [put('a', '1')] })
        await mustCommit({ puts: [put('b', '1')] })
        expect((await read('a')).entries[0]?.revision).to.equal(revision)
      })

      it('counts the versions of a key', async () => {
        for (let version = 1; version <= 4; version++) {
          const revision = await mustCommit({ puts: [put('a', 'same')] })
          expect((await read('a')).entries).to.deep.equal([
            { key: key('a'), value: 'same', revision, version },
          ])
        }
      })

      it('begins again with version 1, at a higher revision, for a key that was deleted', async () => {
        await mustCommit({ puts: [put('a', '1')] })
        const before = await mustCommit({ puts: [put('a', '2')] })
        await mustCommit({ deletes: [key('a')] })
        expect((await read('a')).entries).to.deep.equal([])
        const revision = await mustCommit({ puts: [put('a', '3')] })
        expect(revision).to.be.greaterThan(before)
        expect((await read('a')).entries).to.deep.equal([
          { key: key('a'), value: '3', revision, version: 1 },
        ])
      })

      it('deletes absent keys without an error', async () => {
        await mustCommit({ deletes: [key('a'), key('b')] })
        await mustCommit({ puts: [put('c', '1')], deletes: [key('a')] })
        expect(await valuesOf(readAll())).to.deep.equal([['c', '1']])
      })

      it('deletes a key alone, not those below it', async () => {
        await mustCommit({ puts: [put('a', '1'), put('a/b', '2'), put('ab', '3')] })
        await mustCommit({ deletes: [key('a')] })
        expect(await valuesOf(readAll())).to.deep.equal([
          ['a/b', '2'],
          ['ab', '3'],
        ])
      })

      it('commits a transaction of guards alone, and changes nothing', async () => {
        const revision = await mustCommit({ puts: [put('a', '1')] })
        const before = await readAll()
        await mustCommit({
          unchanged: [
            { key: key('a'), revision },
            { key: key('b'), revision: 0 },
          ],
        })
        expect((await readAll()).entries).to.deep.equal(before.entries)
      })

      it('stores any text, byte for byte', async () => {
        const texts = ['', ' ', '%', '%25', '+', '"\\', 'a\nb', '\u{1f600}é\uffee', 'a\0b', '\0']
        const puts = texts.map((text, index) => put(`${index}/${text}`, text))
        await mustCommit({ puts })
        const { entries } = await readAll()
        expect(new Map(entries.map((entry) => [entry.key, entry.value]))).to.deep.equal(
          new Map(puts.map((each) => [each.key, each.value])),
        )
        for (const each of puts) {
          const { entries: single } = await store.read([{ key: each.key }], TIMEOUT_MS)
          expect(single.map(({ value }) => value)).to.deep.equal([each.value])
        }
      })

      it('tells keys apart that differ after a NUL', async () => {
        await mustCommit({ puts: [put('a\0b', '1'), put('a\0c', '2')] })
        await mustCommit({ deletes: [key('a\0b')] })
        expect(await valuesOf(readAll())).to.deep.equal([['a\0c', '2']])
      })

      it('stores big values', async () => {
        const value = 'äbc\u{1f600}'.repeat(20_000)
        expect(Buffer.byteLength(value)).to.be.at.least(160_000)
        await mustCommit({ puts: [put('a', value), put('b', value)] })
        expect(await valuesOf(read('a'))).to.deep.equal([['a', value]])
        await mustCommit({ puts: [put('a', 'small')] })
        expect(await valuesOf(readAll())).to.deep.equal([
          ['a', 'small'],
          ['b', value],
        ])
      })

      it(`takes ${MAX_OPERATIONS} operations, and as many guards`, async () => {
        const suffixes = Array.from({ length: MAX_OPERATIONS }, (_, index) => String(index))
        await mustCommit({
          unchanged: suffixes.map((suffix) => ({ key: key(suffix), revision: 0 })),
          puts: suffixes.slice(1).map((suffix) => put(suffix, '')),
          deletes: [key('0')],
        })
        expect((await readAll()).entries).to.have.length(MAX_OPERATIONS - 1)
      })

      it('refuses more operations, and writes nothing', async () => {
        const suffixes = Array.from({ length: MAX_OPERATIONS }, (_, index) => String(index))
        const puts = suffixes.map((suffix) => put(suffix, ''))
        await expectUnavailable(commit({ puts: [...puts, put('more', '')] }))
        await expectUnavailable(commit({ puts, deletes: [key('more')] }))
        expect((await readAll()).entries).to.deep.equal([])
      })

      it('refuses more guards, and writes nothing', async () => {
        const unchanged = Array.from({ length: MAX_OPERATIONS + 1 }, (_, index) => ({
          key: key(String(index)),
          revision: 0,
        }))
        await expectUnavailable(commit({ unchanged, puts: [put('a', '')] }))
        expect((await readAll()).entries).to.deep.equal([])
      })

      it('refuses a key that is named twice, and writes nothing', async () => {
        await expectUnavailable(commit({ puts: [put('a', '1'), put('b', ''), put('a', '2')] }))
        await expectUnavailable(commit({ puts: [put('a', '1')], deletes: [key('a')] }))
        expect((await readAll()).entries).to.deep.equal([])
      })
    })

    describe('guards', () => {
      it('let an absent key be created once', async () => {
        const create = { unchanged: [{ key: key('a'), revision: 0 }], puts: [put('a', '1')] }
        const revision = await mustCommit(create)
        const { entries } = await mustConflict(create)
        expect(entries).to.deep.equal([{ key: key('a'), value: '1', revision, version: 1 }])
      })

      it('hold while a key is as it was seen', async () => {
        let revision = 0
        for (const value of ['1', '2', '3']) {
          revision = await mustCommit({
            unchanged: [{ key: key('a'), revision }],
            puts: [put('a', value)],
          })
        }
        expect(await valuesOf(read('a'))).to.deep.equal([['a', '3']])
      })

      it('fail on a key that was changed, even to the same value', async () => {
        const stale = await mustCommit({ puts: [put('a', '1')] })
        const revision = await mustCommit({ puts: [put('a', '1')] })
        const { entries } = await mustConflict({
          unchanged: [{ key: key('a'), revision: stale }],
          puts: [put('a', '2')],
        })
        expect(entries).to.deep.equal([{ key: key('a'), value: '1', revision, version: 2 }])
      })

      it('fail on a key that was deleted', async () => {
        const revision = await mustCommit({ puts: [put('a', '1')] })
        await mustCommit({ deletes: [key('a')] })
        const { entries } = await mustConflict({
          unchanged: [{ key: key('a'), revision }],
          puts: [put('a', '2')],
        })
        expect(entries).to.deep.equal([])
        expect((await readAll()).entries).to.deep.equal([])
      })

      it('fail on a key that was deleted and made again with the same value and version', async () => {
        const seen = await mustCommit({ puts: [put('a', '1')] })
        await mustCommit({ deletes: [key('a')] })
        const revision = await mustCommit({ puts: [put('a', '1')] })
        const { entries } = await mustConflict({
          unchanged: [{ key: key('a'), revision: seen }],
          puts: [put('a', '2')],
        })
        expect(entries).to.deep.equal([{ key: key('a'), value: '1', revision, version: 1 }])
      })

      it('fail on a key with a revision that it has not reached', async () => {
        const revision = await mustCommit({ puts: [put('a', '1')] })
        await mustConflict({ unchanged: [{ key: key('a'), revision: revision + 1000 }] })
        await mustConflict({ unchanged: [{ key: key('b'), revision: revision + 1000 }] })
      })

      it('apply nothing when one of many fails', async () => {
        const revision = await mustCommit({ puts: [put('a', '1'), put('b', '1'), put('c', '1')] })
        const before = await readAll()
        await mustConflict({
          unchanged: [
            { key: key('a'), revision },
            { key: key('b'), revision: revision - 1 },
            { prefix: key('n/'), revision },
          ],
          puts: [put('a', '2'), put('new', '1')],
          deletes: [key('c')],
        })
        expect((await readAll()).entries).to.deep.equal(before.entries)
      })

      it('name a key that the transaction does not write', async () => {
        const revision = await mustCommit({ puts: [put('pause', '')] })
        await mustConflict({
          unchanged: [{ key: key('pause'), revision: 0 }],
          puts: [put('a', '')],
        })
        await mustCommit({ unchanged: [{ key: key('pause'), revision }], puts: [put('a', '')] })
        expect(await valuesOf(read('a'))).to.deep.equal([['a', '']])
      })

      it('hold for a prefix below which nothing changed, whatever changed beside it', async () => {
        const revision = await mustCommit({ puts: [put('b/1', '1'), put('b/2', '1')] })
        await mustCommit({ puts: [put('a', ''), put('b', ''), put('b0', ''), put('c', '')] })
        await mustCommit({ unchanged: [{ prefix: key('b/'), revision }], puts: [put('x', '')] })
        expect(await valuesOf(read('x'))).to.deep.equal([['x', '']])
      })

      it('hold for an empty prefix', async () => {
        await mustCommit({
          unchanged: [{ prefix: key('none/'), revision: 0 }],
          puts: [put('a', '')],
        })
        expect(await valuesOf(readAll())).to.deep.equal([['a', '']])
      })

      it('fail when a key was created below a prefix', async () => {
        const revision = await mustCommit({ puts: [put('b/1', '1')] })
        const newer = await mustCommit({ puts: [put('b/2', '1')] })
        const { entries } = await mustConflict({
          unchanged: [{ prefix: key('b/'), revision }],
          puts: [put('x', '')],
        })
        expect(entries).to.deep.equal([
          { key: key('b/1'), value: '1', revision, version: 1 },
          { key: key('b/2'), value: '1', revision: newer, version: 1 },
        ])
        expect((await read('x')).entries).to.deep.equal([])
      })

      it('fail when a key was changed below a prefix', async () => {
        const revision = await mustCommit({ puts: [put('b/1', '1'), put('b/2', '1')] })
        const newer = await mustCommit({ puts: [put('b/1', '2')] })
        const { entries } = await mustConflict({
          unchanged: [{ prefix: key('b/'), revision }],
          puts: [put('x', '')],
        })
        expect(entries).to.deep.equal([
          { key: key('b/1'), value: '2', revision: newer, version: 2 },
          { key: key('b/2'), value: '1', revision, version: 1 },
        ])
      })

      it('do not notice that a key was deleted below a prefix', async () => {
        const revision = await mustCommit({ puts: [put('b/1', '1'), put('b/2', '1')] })
        await mustCommit({ deletes: [key('b/1')] })
        await mustCommit({ unchanged: [{ prefix: key('b/'), revision }], puts: [put('x', '')] })
        expect(await valuesOf(read('x'))).to.deep.equal([['x', '']])
      })

      it('bring, in a conflict, fresh entries of all that they named, at one revision', async () => {
        const old = await mustCommit({
          puts: ['a', 'b', 'c/1', 'c/2', 'd'].map((k) => put(k, '1')),
        })
        const newer = await mustCommit({ puts: [put('b', '2')] })
        const snapshot = await mustConflict({
          unchanged: [
            { prefix: key('c/'), revision: old },
            { key: key('b'), revision: old },
            { key: key('absent'), revision: 0 },
            { key: key('a'), revision: old },
            { key: key('c/1'), revision: old },
          ],
          puts: [put('d', '2')],
        })
        expect(snapshot.revision).to.be.at.least(newer)
        expect(snapshot.entries).to.deep.equal([
          { key: key('a'), value: '1', revision: old, version: 1 },
          { key: key('b'), value: '2', revision: newer, version: 2 },
          { key: key('c/1'), value: '1', revision: old, version: 1 },
          { key: key('c/2'), value: '1', revision: old, version: 1 },
        ])
        await mustCommit({
          unchanged: [
            { prefix: key('c/'), revision: snapshot.revision },
            { key: key('b'), revision: newer },
          ],
          puts: [put('d', '3')],
        })
      })

      it('lose no increment of 100 at once from two clients', async () => {
        const clients = [store, await another()]
        const revisions: number[] = []
        const increment = async (client: Store): Promise<void> => {
          let { entries } = await client.read([{ key: key('n') }], TIMEOUT_MS)
          for (;;) {
            const { value, revision } = entries[0] ?? { value: '0', revision: 0 }
            const result = await commit(
              {
                unchanged: [{ key: key('n'), revision }],
                puts: [put('n', String(Number(value) + 1))],
              },
              client,
            )
            if (result.outcome === 'committed') {
              revisions.push(result.revision)
              return
            }
            entries = result.snapshot.entries
          }
        }
        await Promise.all(
          Array.from({ length: 50 }, () => clients.map((client) => increment(client))).flat(),
        )
        expect((await read('n')).entries).to.deep.equal([
          { key: key('n'), value: '100', revision: Math.max(...revisions), version: 100 },
        ])
        expect(new Set(revisions).size).to.equal(100)
      })
    })

    describe('time to live', () => {
      it('ends a key by itself, as if it had been deleted', async () => {
        const revision = await mustCommit({
          puts: [put('a', '1', { timeToLiveSeconds: 1 }), put('b', '1')],
        })
        expect((await readAll()).entries).to.deep.equal([
          { key: key('a'), value: '1', revision, version: 1 },
          { key: key('b'), value: '1', revision, version: 1 },
        ])
        await eventually(
          async () => expect(await valuesOf(readAll())).to.deep.equal([['b', '1']]),
          {
            timeoutMs: VANISHED_WITHIN_MS,
          },
        )
        await mustConflict({ unchanged: [{ key: key('a'), revision }], puts: [put('x', '')] })
        const again = await mustCommit({
          unchanged: [{ key: key('a'), revision: 0 }],
          puts: [put('a', '2')],
        })
        expect((await read('a')).entries).to.deep.equal([
          { key: key('a'), value: '2', revision: again, version: 1 },
        ])
      })

      it('is not over before its time, and a later put begins or removes it', async () => {
        const soon = { timeToLiveSeconds: 1 }
        await mustCommit({ puts: [put('a', '1', soon), put('b', '1'), put('c', '1', soon)] })
        await mustCommit({
          puts: [put('a', '2'), put('b', '2', soon), put('d', '1', { timeToLiveSeconds: 60 })],
        })
        expect(await valuesOf(readAll())).to.deep.equal([
          ['a', '2'],
          ['b', '2'],
          ['c', '1'],
          ['d', '1'],
        ])
        await eventually(
          async () =>
            expect(await valuesOf(readAll())).to.deep.equal([
              ['a', '2'],
              ['d', '1'],
            ]),
          { timeoutMs: VANISHED_WITHIN_MS },
        )
      })
    })

    describe('limits and end', () => {
      it('settles in time, whatever little time is given', async () => {
        const begin = performance.now()
        const calls = [0, 1, 5].flatMap((timeoutMs) => [
          store.read([{ prefix }], timeoutMs),
          store.commit({ unchanged: [], puts: [put('a', '')], deletes: [] }, timeoutMs),
        ])
        for (const result of await Promise.allSettled(calls)) {
          if (result.status === 'rejected') expect(result.reason).to.be.instanceOf(StoreError)
        }
        expect(performance.now() - begin).to.be.lessThan(500)
      })

      it('answers a StoreError after it was closed, also when closed twice', async () => {
        await mustCommit({ puts: [put('a', '1')] })
        const other = await another()
        await store.close()
        await store.close()
        expect(await failureOf(commit({ puts: [put('a', '2')] }))).to.be.instanceOf(StoreError)
        expect(await failureOf(readAll())).to.be.instanceOf(StoreError)
        expect(await valuesOf(readAll(other))).to.deep.equal([['a', '1']])
      })

      it('finds each of its endpoints answering, and names none twice', async () => {
        const found = await store.probe(TIMEOUT_MS)
        expect(found.filter((endpoint) => 'error' in endpoint)).to.deep.equal([])
        expect(new Set(found.map(({ endpoint }) => endpoint)).size).to.equal(found.length)
      })

      it('probes in time whatever little time is given, also after it was closed', async () => {
        const begin = performance.now()
        await Promise.all([0, 1, 5].map((timeoutMs) => store.probe(timeoutMs)))
        await store.close()
        const closed = await store.probe(TIMEOUT_MS)
        expect(closed.filter((endpoint) => !('error' in endpoint))).to.deep.equal([])
        expect(performance.now() - begin).to.be.lessThan(500)
      })

      it('describes itself in one line', () => {
        expect(store.description).to.match(/^[^\n]+$/)
      })
    })
  })
}

/** What a call that must fail rejects with. */
export async function failureOf(call: Promise<unknown>): Promise<unknown> {
  let result: unknown
  try {
    result = await call
  } catch (error) {
    return error
  }
  throw new Error(`expected a failure, got ${JSON.stringify(result).slice(0, 200)}`)
}

/** A store may answer without ever giving way to others in this process. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function expectUnavailable(call: Promise<unknown>): Promise<void> {
  const error = await failureOf(call)
  expect(error).to.be.instanceOf(StoreError)
  expect((error as StoreError).kind).to.equal('unavailable')
}
