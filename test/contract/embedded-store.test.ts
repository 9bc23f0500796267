import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'
import { expect } from 'chai'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdir, open, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { systemClock } from '../../lib/daemon/system-clock.js'
import { openEmbeddedStore } from '../../lib/store/embedded-store.js'
import { StoreError } from '../../lib/store/store-error.js'
import type { CommitResult, Put, Store } from '../../lib/store/store.js'
import { FakeClock } from '../support/fake-clock.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'
import { describeStoreContract, failureOf } from './store-contract.js'

const WRITER = fileURLToPath(new URL('../support/embedded-writer.js', import.meta.url))

/** How often a writer is killed; more by hand, with AIRLOCK_TEST_KILLS. */
const KILLS = Number(process.env.AIRLOCK_TEST_KILLS ?? 20)

/** "nobody" on Linux: a user that owns nothing of the tests. */
const UNPRIVILEGED_USER = 65_534

const TIMEOUT_MS = 5_000

describe('EmbeddedStore', () => {
  let folder: TempFolder
  let path: string
  let stores: Store[] = []

  beforeEach(async () => {
    folder = await createTempFolder()
    path = folder.file('airlock.db')
    stores = []
  })

  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()))
    await folder.remove()
  })

  async function openStore(
    more: { clock?: FakeClock; maximumPages?: number } = {},
  ): Promise<Store> {
    const store = await openEmbeddedStore({ path, clock: systemClock, ...more })
    stores.push(store)
    return store
  }

  /** A foreign connection to the same file. */
  function withDatabase(action: (database: DatabaseSyncInstance) => void): void {
    const database = new DatabaseSync(path, { timeout: 0 })
    try {
      action(database)
    } finally {
      database.close()
    }
  }

  describeStoreContract('embedded store', async () => ({
    store: await openStore(),
    another: () => openStore(),
    prefix: 'test/',
  }))

  describe('the file', () => {
    it('is created with its folders, which are closed to others', async () => {
      path = folder.file('state/airlock/store.db')
      const store = await openStore()
      expect((await stat(folder.file('state/airlock'))).mode & 0o027).to.equal(0)
      expect(store.description).to.equal(`embedded ${path}`)
    })

    it('keeps entries, versions and the revision when it is opened again', async () => {
      const first = await openStore()
      await put(first, { key: 'a', value: '1' })
      await put(first, { key: 'a', value: '2' })
      const before = await first.read([{ prefix: '' }], TIMEOUT_MS)
      await first.close()
      const second = await openStore()
      expect(await second.read([{ prefix: '' }], TIMEOUT_MS)).to.deep.equal(before)
    })

    it('is complete without its log when it was closed', async () => {
      const store = await openStore()
      await put(store, { key: 'a', value: '1' })
      await store.close()
      await copyFile(path, folder.file('copy.db'))
      path = folder.file('copy.db')
      const { entries } = await (await openStore()).read([{ prefix: '' }], TIMEOUT_MS)
      expect(entries.map(({ key, value }) => [key, value])).to.deep.equal([['a', '1']])
    })

    it('does not move the revision for a commit that changes nothing', async () => {
      const store = await openStore()
      await put(store, { key: 'a', value: '1' })
      const { revision } = await store.read([], TIMEOUT_MS)
      await store.commit({ unchanged: [], puts: [], deletes: ['absent'] }, TIMEOUT_MS)
      expect((await store.read([], TIMEOUT_MS)).revision).to.equal(revision)
    })

    it('is written ahead and synchronised with each commit', async () => {
      await put(await openStore(), { key: 'a', value: '1' })
      withDatabase((database) => {
        expect({ ...database.prepare('PRAGMA journal_mode').get() }).to.deep.equal({
          journal_mode: 'wal',
        })
      })
      expect((await stat(`${path}-wal`)).size).to.be.greaterThan(0)
    })
  })

  describe('time to live', () => {
    it('ends at its millisecond, through a restart, and then makes room for a commit', async () => {
      const clock = new FakeClock()
      const first = await openStore({ clock })
      await put(first, { key: 'a', value: '1', timeToLiveSeconds: 30 }, { key: 'b', value: '1' })
      await first.close()
      const second = await openStore({ clock })
      const keys = async (): Promise<string[]> =>
        (await second.read([{ prefix: '' }], TIMEOUT_MS)).entries.map(({ key }) => key)
      await clock.advance(29_999)
      expect(await keys()).to.deep.equal(['a', 'b'])
      await clock.advance(1)
      expect(await keys()).to.deep.equal(['b'])
      await put(second, { key: 'c', value: '1' })
      clock.jumpTo(clock.now() - 60_000)
      expect(await keys()).to.deep.equal(['b', 'c'])
    })

    it('refuses what is not a whole number of seconds above 0', async () => {
      const store = await openStore()
      for (const timeToLiveSeconds of [0, -1, 1.5, NaN, Infinity]) {
        const call = put(store, { key: 'a', value: '1', timeToLiveSeconds })
        expect(await storeErrorOf(call)).to.have.property('kind', 'unavailable')
      }
      expect((await store.read([{ prefix: '' }], TIMEOUT_MS)).entries).to.deep.equal([])
    })
  })

  describe('several processes', () => {
    it('lose no increment of 4 x 100', async () => {
      const results = await Promise.all(
        [1, 2, 3, 4].map(() =>
          promisify(execFile)(process.execPath, [WRITER, 'increment', path, '100']),
        ),
      )
      expect(results.map(({ stdout }) => stdout)).to.deep.equal(['', '', '', ''])
      const { entries } = await (await openStore()).read([{ key: 'counter' }], TIMEOUT_MS)
      expect(entries.map(({ value, version }) => ({ value, version }))).to.deep.equal([
        { value: '400', version: 400 },
      ])
    })

    it(`lose nothing that was confirmed, in ${KILLS} kills during writes`, async function () {
      this.timeout(20_000 + KILLS * 2_000)
      let total = 0
      for (let kill = 0; kill < KILLS; kill++) {
        const afterMs = Math.random() * 60
        const confirmed = await writeUntilKilled(afterMs)
        const last = await expectIntact(confirmed)
        expect(last, 'one commit at most was under way').to.be.at.most(confirmed + 1)
        total = last
      }
      expect(total).to.be.greaterThan(KILLS)
    })

    it('goes on while another process is killed', async () => {
      const store = await openStore()
      for (let kill = 0; kill < 5; kill++) {
        const killed = writeUntilKilled(20)
        for (let n = 0; n < 20; n++) {
          await put(store, { key: 'ours', value: String(n) })
          await sleep(1)
        }
        await killed
      }
      const { entries } = await store.read([{ key: 'ours' }], TIMEOUT_MS)
      expect(entries[0]?.version).to.equal(100)
    })
  })

  describe('a locked file', () => {
    it('fails a commit in time, while reads and the event loop go on', async () => {
      const store = await openStore()
      await put(store, { key: 'a', value: '1' })
      const locker = new DatabaseSync(path, { timeout: 0 })
      try {
        locker.exec('BEGIN IMMEDIATE')
        const begin = performance.now()
        const failing = storeErrorOf(
          store.commit({ unchanged: [], puts: [{ key: 'a', value: '2' }], deletes: [] }, 400),
        )
        let longestPauseMs = 0
        for (let last = begin; last - begin < 300;) {
          await sleep(1)
          longestPauseMs = Math.max(longestPauseMs, performance.now() - last)
          last = performance.now()
        }
        const { entries } = await store.read([{ key: 'a' }], TIMEOUT_MS)
        expect(entries[0]?.value).to.equal('1')
        const error = await failing
        expect(performance.now() - begin).to.be.within(390, 800)
        expect(longestPauseMs).to.be.lessThan(200)
        expect([error.kind, error.message]).to.deep.equal([
          'unavailable',
          `cannot use the embedded store ${path}: the file is locked by another process, for 400 ms or more`,
        ])
      } finally {
        locker.close()
      }
      await put(store, { key: 'a', value: '3' })
    })

    it('is used as soon as it is free', async () => {
      const store = await openStore()
      const locker = new DatabaseSync(path, { timeout: 0 })
      locker.exec('BEGIN IMMEDIATE')
      const waiting = Promise.all(
        ['a', 'b', 'c'].map((key) => put(store, { key, value: '1' }).then(() => performance.now())),
      )
      await sleep(200)
      const freed = performance.now()
      locker.close()
      for (const done of await waiting) expect(done - freed).to.be.within(0, 300)
    })

    it('fails what waits for it at once when the store is closed', async () => {
      const store = await openStore({ clock: new FakeClock() })
      const locker = new DatabaseSync(path, { timeout: 0 })
      try {
        locker.exec('BEGIN IMMEDIATE')
        const failing = storeErrorOf(put(store, { key: 'a', value: '1' }))
        await sleep(20)
        await store.close()
        const error = await failing
        expect([error.kind, error.message]).to.deep.equal([
          'unavailable',
          `the embedded store ${path} is closed`,
        ])
      } finally {
        locker.close()
      }
    })

    it('is waited for at the opening, for so long and no longer', async () => {
      const locker = new DatabaseSync(path, { timeout: 0 })
      try {
        locker.exec('BEGIN EXCLUSIVE')
        const clock = new FakeClock()
        const failing = storeErrorOf(openEmbeddedStore({ path, clock }))
        while (clock.pending === 0) await sleep(1)
        await clock.advance(5_000)
        expect((await failing).message).to.include('the file is locked by another process')
        const waiting = openStore()
        await sleep(50)
        locker.close()
        await waiting
      } finally {
        if (locker.isOpen) locker.close()
      }
    })
  })

  describe('an unusable file', () => {
    async function expectRefused(reason: string): Promise<void> {
      const error = await storeErrorOf(openEmbeddedStore({ path, clock: systemClock }))
      expect([error.kind, error.message]).to.deep.equal([
        'unavailable',
        `cannot use the embedded store ${path}: ${reason}`,
      ])
    }

    it('that is no database is refused and left as it is', async () => {
      await folder.write('airlock.db', 'total_slots = 2\n'.repeat(1_000))
      await expectRefused('the file is not a database')
      expect((await stat(path)).size).to.equal(16_000)
    })

    it('of another program is refused and left as it is', async () => {
      withDatabase((database) => database.exec('CREATE TABLE meta (schema_version, revision)'))
      const before = await stat(path)
      await expectRefused('the file is a database of another program')
      expect((await stat(path)).mtimeMs).to.equal(before.mtimeMs)
      withDatabase((database) =>
        expect({ ...database.prepare('PRAGMA journal_mode').get() }).to.deep.equal({
          journal_mode: 'delete',
        }),
      )
    })

    it('of a newer schema is refused, and not kept locked', async () => {
      await (await openStore()).close()
      withDatabase((database) => database.exec('UPDATE meta SET schema_version = 2'))
      await expectRefused('it was written by a newer airlock (schema 2; this one knows 1)')
      withDatabase((database) => database.exec('BEGIN IMMEDIATE; ROLLBACK'))
    })

    it('without its tables or their row is refused', async () => {
      await (await openStore()).close()
      withDatabase((database) => database.exec('DELETE FROM meta'))
      await expectRefused('the file is damaged')
    })

    it('that is damaged fails each call that meets the damage', async () => {
      const store = await openStore()
      for (let n = 0; n < 50; n++) await put(store, { key: `k/${n}`, value: 'x'.repeat(2_000) })
      await store.close()
      const file = await open(path, 'r+')
      // The first pages hold what opening needs.
      const { size } = await file.stat()
      await file.write(Buffer.alloc(size - 8 * 4096, 0xa5), 0, null, 8 * 4096)
      await file.close()
      const damaged = await openStore()
      for (let read = 0; read < 2; read++) {
        const error = await storeErrorOf(damaged.read([{ prefix: '' }], TIMEOUT_MS))
        expect([error.kind, error.message]).to.deep.equal([
          'unavailable',
          `cannot use the embedded store ${path}: the file is damaged`,
        ])
      }
    })

    it('that is a folder is refused', async () => {
      await mkdir(path)
      await expectRefused('the path is a folder, not a file')
    })

    it('below a file is refused', async () => {
      path = (await folder.write('plain', '')) + '/airlock.db'
      const error = await storeErrorOf(openEmbeddedStore({ path, clock: systemClock }))
      expect([error.kind, error.message]).to.deep.equal([
        'unavailable',
        `cannot create the folder of the embedded store ${path}: a part of the path is not a folder`,
      ])
    })

    it('in a folder that may not be read is refused', async () => {
      await (await openStore()).close()
      await chmod(folder.path, 0o000)
      await asUnprivilegedUser(() => expectRefused('permission denied'))
      await chmod(folder.path, 0o700)
    })

    it('in a folder that may not be created is refused', async () => {
      await chmod(folder.path, 0o500)
      path = folder.file('below/airlock.db')
      await asUnprivilegedUser(async () => {
        const error = await storeErrorOf(openEmbeddedStore({ path, clock: systemClock }))
        expect(error.message).to.equal(
          `cannot create the folder of the embedded store ${path}: permission denied`,
        )
      })
      await chmod(folder.path, 0o700)
    })

    it('that may not be written is refused', async () => {
      // A process of its own: SQLite would use this one's descriptors, which may write.
      await promisify(execFile)(process.execPath, [WRITER, 'increment', path, '1'])
      await chmod(path, 0o444)
      await chmod(folder.path, 0o777)
      await asUnprivilegedUser(() =>
        expectRefused('the file may not be written (its permissions, or a read-only file system)'),
      )
    })
  })

  describe('a full disk', () => {
    const big = (n: number): Put => ({ key: `n/${n}`, value: String(n).repeat(10_000) })

    /** Puts until that fails; resolves to how many puts were confirmed, and the failure. */
    async function fill(store: Store): Promise<{ confirmed: number; error: StoreError }> {
      for (let confirmed = 0; ; confirmed++) {
        try {
          await put(store, big(confirmed))
        } catch (error) {
          if (error instanceof StoreError) return { confirmed, error }
          throw error
        }
      }
    }

    async function expectStored(store: Store, count: number): Promise<void> {
      const { entries } = await store.read([{ prefix: 'n/' }], TIMEOUT_MS)
      const stored = new Map(entries.map(({ key, value }) => [key, value]))
      const expected = Array.from({ length: count }, (_, n) => [big(n).key, big(n).value] as const)
      expect(stored).to.deep.equal(new Map(expected))
    }

    it('refuses commits, loses nothing, is still read, and works again when there is space', async () => {
      const store = await openStore({ maximumPages: 100 })
      const { confirmed, error } = await fill(store)
      expect(confirmed).to.be.greaterThan(3)
      expect([error.kind, error.message]).to.deep.equal([
        'unavailable',
        `cannot use the embedded store ${path}: its disk is full, or the file has reached the largest size allowed`,
      ])
      await expectStored(store, confirmed)
      const { revision } = await store.read([], TIMEOUT_MS)
      expect(
        await storeErrorOf(put(store, { key: 'z', value: 'z'.repeat(100_000) })),
      ).to.have.property('kind', 'unavailable')
      expect((await store.read([], TIMEOUT_MS)).revision).to.equal(revision)
      await store.commit({ unchanged: [], puts: [], deletes: [`n/${confirmed - 1}`] }, TIMEOUT_MS)
      await put(store, big(confirmed - 1))
      await store.close()
      await expectStored(await openStore(), confirmed)
    })

    it('of a real file system is reported and survived in the same way', async function () {
      const mount = folder.file('disk')
      await mkdir(mount)
      try {
        await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', mount])
      } catch (error) {
        console.warn(`a full tmpfs was not tested, since mounting one failed: ${String(error)}`)
        return
      }
      try {
        path = `${mount}/airlock.db`
        const store = await openStore()
        const { confirmed, error } = await fill(store)
        expect(confirmed).to.be.greaterThan(3)
        expect([error.kind, error.message]).to.deep.equal([
          'unavailable',
          `cannot use the embedded store ${path}: its disk is full, or the file has reached the largest size allowed`,
        ])
        await expectStored(store, confirmed)
        await promisify(execFile)('mount', ['-o', 'remount,size=8m', mount])
        await put(store, big(confirmed))
        await store.close()
        const again = await openStore()
        await expectStored(again, confirmed + 1)
        await again.close()
      } finally {
        await promisify(execFile)('umount', ['--lazy', mount])
      }
    })

    it('does not call a write that failed in the middle of a commit undone, and loses nothing', async () => {
      const limited = ['-c', 'ulimit -f 512; exec "$0" "$@"', process.execPath]
      const { stdout } = await promisify(execFile)('bash', [...limited, WRITER, 'write', path])
      const lines = stdout.trimEnd().split('\n')
      expect(lines.pop()).to.match(
        /^unknown: a write to the embedded store \S+ may or may not have happened: I\/O error: /,
      )
      const confirmed = Number(lines.pop())
      expect(confirmed).to.be.greaterThan(3)
      expect(await expectIntact(confirmed)).to.be.within(confirmed, confirmed + 1)
    })
  })

  /** Resolves to the last number that the writer confirmed before it was killed, or what was there. */
  async function writeUntilKilled(afterMs: number): Promise<number> {
    const writer = spawn(process.execPath, [WRITER, 'write', path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(writer, 'exit')
    let confirmed = 0
    for await (const line of createInterface(writer.stdout)) {
      if (confirmed === 0) setTimeout(() => writer.kill('SIGKILL'), afterMs)
      if (!/^\d+$/.test(line)) throw new Error(`the writer says: ${line}`)
      confirmed = Number(line)
    }
    expect(await exited).to.deep.equal([null, 'SIGKILL'])
    return confirmed
  }

  /** Checks that every number up to `confirmed` is there and no commit is there by half. */
  async function expectIntact(confirmed: number): Promise<number> {
    const store = await openEmbeddedStore({ path, clock: systemClock })
    const { entries } = await store.read([{ prefix: '' }], TIMEOUT_MS)
    await store.close()
    const values = new Map(entries.map(({ key, value }) => [key, value]))
    const last = Number(values.get('last'))
    expect(last).to.be.at.least(confirmed)
    expect(values.size).to.equal(last + 2)
    for (let n = 1; n <= last; n++) expect(values.get(`n/${n}`)).to.equal(String(n))
    expect(values.get('filler')).to.equal(String.fromCharCode(97 + (last % 26)).repeat(20_000))
    withDatabase((database) =>
      expect({ ...database.prepare('PRAGMA integrity_check').get() }).to.deep.equal({
        integrity_check: 'ok',
      }),
    )
    return last
  }
})

function put(store: Store, ...puts: readonly Put[]): Promise<CommitResult> {
  return store.commit({ unchanged: [], puts, deletes: [] }, TIMEOUT_MS)
}

async function storeErrorOf(call: Promise<unknown>): Promise<StoreError> {
  const error = await failureOf(call)
  expect(error).to.be.instanceOf(StoreError)
  return error as StoreError
}

/** File permissions do not hold root back. */
async function asUnprivilegedUser(action: () => Promise<void>): Promise<void> {
  const user = process.geteuid?.()
  if (user !== 0) return action()
  process.seteuid?.(UNPRIVILEGED_USER)
  try {
    await action()
  } finally {
    process.seteuid?.(user)
  }
}
