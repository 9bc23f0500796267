import { expect } from 'chai'
import {
  cooldownKey,
  eventKey,
  holderKey,
  semaphoreKey,
  staleReleasesKey,
} from '../../../lib/lock/keys.js'
import { readHolders, type Hold } from '../../../lib/lock/read-holders.js'
import { releaseStale, type StaleReleaseOptions } from '../../../lib/lock/stale-release.js'
import { MemoryStore } from '../../support/memory-store.js'

const RECORD = '{"since":"2026-01-01T00:00:00.000Z","by":"airlock@here"}'
const NOW = Date.UTC(2026, 0, 5, 12)

async function createHold(): Promise<{ store: MemoryStore; hold: Hold }> {
  const store = new MemoryStore()
  store.put(semaphoreKey('g'), '{"total_slots":2,"holders":["a","b"]}')
  store.put(holderKey('g', 'a'), RECORD)
  const holds = await readHolders(store, 1000)
  const hold = holds.get('g')?.find(({ id }) => id === 'a')
  if (hold === undefined) throw new Error('no hold')
  return { store, hold }
}

const release = (store: MemoryStore, hold: Hold, more: Partial<StaleReleaseOptions> = {}) =>
  releaseStale(hold, {
    store,
    timeoutMs: 1000,
    atMostPerDay: 1,
    cooldownSeconds: 0,
    now: NOW,
    by: 'airlock@here (stale)',
    ...more,
  })

describe('readHolders', () => {
  it('tells since when each holds, and at which revisions that was', async () => {
    const { store } = await createHold()
    expect((await readHolders(store, 1000)).get('g')).to.deep.equal([
      {
        group: 'g',
        id: 'a',
        since: Date.UTC(2026, 0, 1),
        revision: store.revisionOf(holderKey('g', 'a')),
        semaphoreRevision: store.revisionOf(semaphoreKey('g')),
      },
      {
        group: 'g',
        id: 'b',
        since: undefined,
        revision: 0,
        semaphoreRevision: store.revisionOf(semaphoreKey('g')),
      },
    ])
  })
})

describe('releaseStale', () => {
  it('releases in one commit, with the event, the quota and the cooldown', async () => {
    const { store, hold } = await createHold()
    const { outcome } = await release(store, hold, { cooldownSeconds: 30 })
    expect(outcome).to.equal('released')
    expect(store.commits).to.equal(1)
    expect(store.get(semaphoreKey('g'))).to.equal('{"total_slots":2,"holders":["b"]}')
    expect(store.get(holderKey('g', 'a'))).to.equal(undefined)
    expect(store.get(staleReleasesKey('g'))).to.equal('{"day":"2026-01-05","count":1}')
    expect(store.get(cooldownKey('g'))).to.not.equal(undefined)
    expect(JSON.parse(store.get(eventKey('g', 2)) ?? '')).to.deep.equal({
      at: '2026-01-05T12:00:00.000Z',
      by: 'airlock@here (stale)',
      changes: [{ type: 'stale-released', id: 'a' }],
    })
  })

  it('leaves alone who holds since nobody knows when', async () => {
    const { store } = await createHold()
    const hold = (await readHolders(store, 1000)).get('g')?.find(({ id }) => id === 'b')
    if (hold === undefined) throw new Error('no hold')
    expect(await release(store, hold)).to.deep.equal({ outcome: 'changed' })
    expect(store.commits).to.equal(0)
  })

  it('does nothing when the group has changed since it was judged', async () => {
    const { store, hold } = await createHold()
    store.put(semaphoreKey('g'), '{"total_slots":2,"holders":["a","b"]}')
    expect(await release(store, hold)).to.deep.equal({ outcome: 'changed' })
  })

  it('does nothing when the machine holds anew since it was judged', async () => {
    const { store, hold } = await createHold()
    store.put(holderKey('g', 'a'), RECORD)
    expect(await release(store, hold)).to.deep.equal({ outcome: 'changed' })
  })

  for (const [what, key] of [
    ['the semaphore', semaphoreKey('g')],
    ["the holder's record", holderKey('g', 'a')],
    ["the day's quota", staleReleasesKey('g')],
  ] as const) {
    it(`compares ${what}, which somebody else may change at the last moment`, async () => {
      const { store, hold } = await createHold()
      store.onCommit = () => {
        store.onCommit = undefined
        store.put(key, store.get(key) ?? '{"day":"2026-01-05","count":1}')
      }
      expect(await release(store, hold)).to.deep.equal({ outcome: 'changed' })
      expect(store.get(semaphoreKey('g'))).to.equal('{"total_slots":2,"holders":["a","b"]}')
    })
  }

  for (const [quota, outcome, expected] of [
    ['{"day":"2026-01-05","count":1}', 'quota', '{"day":"2026-01-05","count":1}'],
    ['{"day":"2026-01-04","count":1}', 'released', '{"day":"2026-01-05","count":1}'],
    // A replica whose clock is ahead.
    ['{"day":"2026-01-06","count":1}', 'quota', '{"day":"2026-01-06","count":1}'],
    ['null', 'quota', 'null'],
    ['{"day":1}', 'quota', '{"day":1}'],
  ] as const) {
    it(`with a quota of ${quota}: ${outcome}`, async () => {
      const { store, hold } = await createHold()
      store.put(staleReleasesKey('g'), quota)
      expect((await release(store, hold)).outcome).to.equal(outcome)
      expect(store.get(staleReleasesKey('g'))).to.equal(expected)
    })
  }

  it('counts on within the day', async () => {
    const { store, hold } = await createHold()
    store.put(staleReleasesKey('g'), '{"day":"2026-01-05","count":1}')
    await release(store, hold, { atMostPerDay: 2 })
    expect(store.get(staleReleasesKey('g'))).to.equal('{"day":"2026-01-05","count":2}')
  })

  it('lets one of two replicas release that judged alike', async () => {
    const { store, hold } = await createHold()
    const outcomes = await Promise.all([release(store, hold), release(store, hold)])
    expect(outcomes.map(({ outcome }) => outcome).sort()).to.deep.equal(['changed', 'released'])
  })
})
