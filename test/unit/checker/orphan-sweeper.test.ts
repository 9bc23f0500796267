import { expect } from 'chai'
import { sweepOrphans } from '../../../lib/checker/orphan-sweeper.js'
import { holderKey, semaphoreKey } from '../../../lib/lock/keys.js'
import { StoreError } from '../../../lib/store/store-error.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { MemoryStore } from '../../support/memory-store.js'

const RECORD = '{"since":"2026-01-05T00:00:00.000Z","by":"airlock@here"}'
const TIMEOUT_MS = 1000

describe('a sweep of the records of former holders', () => {
  function setUp() {
    const store = new MemoryStore()
    const { events, lines } = collectingEvents()
    return {
      store,
      lines,
      hold: (group: string, ...holders: readonly string[]) => {
        store.put(semaphoreKey(group), JSON.stringify({ total_slots: 200, holders }))
      },
      record: (group: string, ...ids: readonly string[]) => {
        for (const id of ids) store.put(holderKey(group, id), RECORD)
      },
      /** Which of these have a record. */
      recorded: (group: string, ...ids: readonly string[]) =>
        ids.filter((id) => store.get(holderKey(group, id)) !== undefined),
      sweep: (group: string) => sweepOrphans(store, group, events, TIMEOUT_MS),
    }
  }

  it('removes the records of machines that hold no slot, and says whose', async () => {
    const { hold, record, recorded, sweep, lines } = setUp()
    hold('g', 'b', 'd')
    record('g', 'a', 'b', 'c', 'd')
    await sweep('g')
    expect(recorded('g', 'a', 'b', 'c', 'd')).to.deep.equal(['b', 'd'])
    expect(lines).to.deep.equal([
      'level=notice msg="removed records of machines that hold no slot" group=g ids="a,c"',
    ])
  })

  it('knows machines and groups by their names, whatever is in these', async () => {
    const { hold, record, recorded, sweep } = setUp()
    const ids = ['a b', 'a/b', 'ä', '%61']
    hold('g h', ...[...ids].sort())
    record('g h', ...ids, 'a')
    await sweep('g h')
    expect(recorded('g h', ...ids, 'a')).to.deep.equal(ids)
  })

  it('leaves the records of other groups, whose names may begin alike', async () => {
    const { hold, record, recorded, sweep } = setUp()
    hold('g', 'b')
    for (const group of ['g', 'g2', 'g/v1']) record(group, 'a')
    await sweep('g')
    const left = ['g', 'g2', 'g/v1'].filter((group) => recorded(group, 'a').length > 0)
    expect(left).to.deep.equal(['g2', 'g/v1'])
  })

  it('removes all of them where there is no semaphore', async () => {
    const { record, recorded, sweep } = setUp()
    record('g', 'a', 'b')
    await sweep('g')
    expect(recorded('g', 'a', 'b')).to.deep.equal([])
  })

  it('leaves the records of a group whose document cannot be read', async () => {
    const { store, record, recorded, sweep } = setUp()
    store.put(semaphoreKey('g'), 'no semaphore')
    record('g', 'a')
    await sweep('g')
    expect(recorded('g', 'a')).to.deep.equal(['a'])
    expect(store.commits).to.equal(0)
  })

  it('writes nothing where there is nothing to remove', async () => {
    const { store, hold, record, sweep } = setUp()
    hold('g', 'a')
    record('g', 'a')
    await sweep('g')
    expect([store.reads, store.commits]).to.deep.equal([1, 0])
  })

  for (const hadSemaphore of [true, false]) {
    const before = hadSemaphore ? 'after others' : 'as the first of its group'
    it(`leaves the record of a machine that is granted meanwhile, ${before}`, async () => {
      const { store, hold, record, recorded, sweep, lines } = setUp()
      if (hadSemaphore) hold('g', 'b')
      record('g', 'a')
      store.onCommit = () => {
        hold('g', 'a')
        record('g', 'a')
      }
      await sweep('g')
      expect(store.commits).to.equal(1)
      expect(recorded('g', 'a')).to.deep.equal(['a'])
      expect(lines).to.deep.equal([])
      store.onCommit = undefined
      hold('g')
      await sweep('g')
      expect(recorded('g', 'a')).to.deep.equal([])
    })
  }

  it('removes 100 at once, and the others the next time', async () => {
    const { hold, record, recorded, sweep } = setUp()
    hold('g')
    const ids = Array.from({ length: 130 }, (_, number) => `machine-${1000 + number}`)
    record('g', ...ids)
    await sweep('g')
    expect(recorded('g', ...ids)).to.deep.equal(ids.slice(100))
    await sweep('g')
    expect(recorded('g', ...ids)).to.deep.equal([])
  })

  it('lets its caller know when the store cannot be used', async () => {
    const { store, record, sweep, lines } = setUp()
    record('g', 'a')
    store.onCommit = () => Promise.reject(new StoreError('unavailable', 'down'))
    const error: unknown = await sweep('g').catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(StoreError)
    expect(lines).to.deep.equal([])
  })
})
