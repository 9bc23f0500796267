import { expect } from 'chai'
import type { Change } from '../../../lib/lock/change.js'
import { GroupEditor } from '../../../lib/lock/group-editor.js'
import { ALL_GROUPS, eventKey, GLOBAL_PAUSE_KEY, semaphoreKey } from '../../../lib/lock/keys.js'
import { GROUPS_SELECTORS, readGroups } from '../../../lib/lock/store-poller.js'
import { ChangeFeed } from '../../../lib/notify/change-feed.js'
import { StoreError } from '../../../lib/store/store-error.js'
import { FakeClock } from '../../support/fake-clock.js'
import { MemoryStore } from '../../support/memory-store.js'

const START = Date.UTC(2026, 0, 5)
const GRANT: Change = { type: 'granted', id: 'a' }

function createFeed() {
  const clock = new FakeClock(START)
  const store = new MemoryStore()
  const told: string[] = []
  const delays: number[] = []
  let isWanted = true
  const feed = new ChangeFeed({
    store,
    clock,
    timeoutMs: 1000,
    isWanted: () => isWanted,
    onChanges: (announcements, afterMs) => {
      for (const announcement of announcements) {
        told.push(
          ...announcement
            .notifications(0)
            .map(({ type, id, group }) => [type, group, id].join(' ')),
        )
        delays.push(afterMs)
      }
    },
  })
  let version = 0
  const record = (by: string, change: Change, at = clock.now(), group = 'g'): number => {
    version += 1
    if (group === ALL_GROUPS) store.put(GLOBAL_PAUSE_KEY, String(version))
    else store.put(semaphoreKey(group), `{"total_slots":1,"holders":[]}`)
    const key = eventKey(group, version)
    store.put(key, JSON.stringify({ at: new Date(at).toISOString(), by, changes: [change] }))
    return store.revisionOf(key)
  }
  const poll = async (): Promise<void> => {
    feed.observe(readGroups(await store.read(GROUPS_SELECTORS)))
    await clock.advance(0)
  }
  const setWanted = (value: boolean): void => {
    isWanted = value
  }
  return { clock, store, feed, told, delays, record, poll, setWanted }
}

describe('ChangeFeed', () => {
  it("tells a lane's own changes at once, and not again when a poll sees them", async () => {
    const { feed, told, delays, record, poll } = createFeed()
    const revision = record('airlock@here', GRANT)
    const at = new Date(START).toISOString()
    feed.made({ group: 'g', revision, at, by: 'airlock@here', changes: [GRANT] })
    expect(told).to.deep.equal(['granted g a'])
    await poll()
    expect(told).to.deep.equal(['granted g a'])
    expect(delays).to.deep.equal([0])
  })

  it('finds what an operator did in one group or in all', async () => {
    const { told, delays, record, poll } = createFeed()
    await poll()
    record('eve@desk', { type: 'paused', reason: 'r' })
    record('eve@desk', { type: 'paused', reason: 'r' }, START, ALL_GROUPS)
    await poll()
    expect(told).to.deep.equal(['paused g ', 'paused  '])
    expect(Math.max(...delays)).to.be.below(1000)
  })

  it('finds a pause of all groups that began and ended between two polls', async () => {
    const { clock, store, told, poll } = createFeed()
    await poll()
    const editor = new GroupEditor({ store, clock, timeoutMs: 1000, by: 'eve@desk' })
    await editor.pauseAll('r')
    await editor.resumeAll()
    await poll()
    expect(told).to.deep.equal(['paused  ', 'resumed  '])
  })

  it('leaves to another replica for a while what that has done', async () => {
    const { told, delays, record, poll } = createFeed()
    await poll()
    record('airlock@there', GRANT)
    await poll()
    expect(told).to.deep.equal(['granted g a'])
    expect(delays[0]).to.be.at.least(10_000)
  })

  it("waits once for all of an operator's changes, and as long at the next look", async () => {
    const { told, delays, record, poll } = createFeed()
    for (let look = 0; look < 5; look++) {
      record('eve@desk', { type: 'paused', reason: 'r' })
      record('eve@desk', { type: 'resumed' })
      await poll()
    }
    const both = ['paused g ', 'resumed g ']
    expect(told).to.deep.equal([...both, ...both, ...both, ...both, ...both])
    expect(new Set(delays).size).to.equal(1)
  })

  it('tells each once, and reads no ring of a group that has not changed', async () => {
    const { store, told, record, poll } = createFeed()
    record('eve@desk', GRANT)
    await poll()
    const { reads } = store
    await poll()
    expect(store.reads).to.equal(reads + 1)
    record('eve@desk', { type: 'released', id: 'a' })
    await poll()
    expect(told).to.deep.equal(['granted g a', 'released g a'])
  })

  it('looks back a quarter of an hour at a start, and no further', async () => {
    const { told, record, poll } = createFeed()
    record('eve@desk', { type: 'granted', id: 'old' }, START - 16 * 60_000)
    record('eve@desk', { type: 'granted', id: 'young' }, START - 14 * 60_000)
    await poll()
    expect(told).to.deep.equal(['granted g young'])
  })

  it('finds what it missed during an outage, however long ago', async () => {
    const { clock, store, told, record, poll } = createFeed()
    record('eve@desk', GRANT)
    await poll()
    record('eve@desk', { type: 'released', id: 'a' })
    const failOnRing = store.reads + 2
    store.onRead = () => {
      if (store.reads === failOnRing) throw new StoreError('unavailable', 'down')
    }
    await poll()
    await clock.advance(60 * 60_000)
    await poll()
    expect(told).to.deep.equal(['granted g a', 'released g a'])
  })

  it('reads nothing while nobody wants to know', async () => {
    const { store, record, poll, setWanted } = createFeed()
    setWanted(false)
    record('eve@desk', GRANT)
    await poll()
    expect(store.reads).to.equal(1)
  })

  it('looks back no further either when somebody wants to know again', async () => {
    const { clock, told, record, poll, setWanted } = createFeed()
    record('eve@desk', { type: 'granted', id: 'wanted' })
    await poll()
    setWanted(false)
    await poll()
    record('eve@desk', { type: 'granted', id: 'unwanted' })
    await clock.advance(10 * 24 * 60 * 60_000)
    record('eve@desk', { type: 'granted', id: 'young' }, clock.now() - 14 * 60_000)
    await poll()
    setWanted(true)
    await poll()
    expect(told).to.deep.equal(['granted g wanted', 'granted g young'])
  })

  it('passes over first slots, and what it does not know', async () => {
    const { told, record, poll } = createFeed()
    await poll()
    record('eve@desk', { type: 'slots-set', from: null, to: 1 })
    record('eve@desk', { type: 'invented' } as unknown as Change)
    record('eve@desk', { type: 'slots-set', from: 1, to: 2 })
    await poll()
    expect(told).to.deep.equal(['slots-changed g '])
  })
})
