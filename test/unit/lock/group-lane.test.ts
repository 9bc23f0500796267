import { expect } from 'chai'
import type { Outcome } from '../../../lib/lock/batch.js'
import { GroupLane } from '../../../lib/lock/group-lane.js'
import { groupSelectors, readGroupState, type GroupState } from '../../../lib/lock/group-state.js'
import {
  configuredSlotsKey,
  eventsPrefix,
  holderKey,
  semaphoreKey,
} from '../../../lib/lock/keys.js'
import { PATIENT_CLIENT } from '../../../lib/lock/pending-request.js'
import { Turnstile } from '../../../lib/lock/turnstile.js'
import { WaiterLimit } from '../../../lib/lock/waiting-room.js'
import type { LaneSettings } from '../../../lib/lock/plan-commit.js'
import { StoreError } from '../../../lib/store/store-error.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { FakeClock } from '../../support/fake-clock.js'
import { MemoryStore } from '../../support/memory-store.js'

const KEY = semaphoreKey('g')

function createLane(settings: Partial<LaneSettings> = {}) {
  const clock = new FakeClock(Date.UTC(2026, 0, 5))
  const store = new MemoryStore()
  const { events, lines } = collectingEvents()
  const lane = new GroupLane({
    group: 'g',
    settings: { slots: 1, slotsSource: 'config', waitTimeoutMs: 0, ...settings },
    waiterLimit: new WaiterLimit(1000),
    turnstile: new Turnstile(),
    watchStore: () => () => undefined,
    store,
    clock,
    events,
    timeoutMs: 3000,
    by: 'airlock@here',
  })
  return { lane, clock, store, lines }
}

/** Runs what is due until the answer is there. */
async function settled<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let isSettled = false as boolean
  const mark = (): void => {
    isSettled = true
  }
  promise.then(mark, mark)
  for (let round = 0; round < 200; round++) {
    await clock.advance(0)
    if (isSettled) return promise
    await clock.advance(20)
  }
  throw new Error('not settled within 4 s')
}

async function stateOf(store: MemoryStore): Promise<GroupState> {
  const state = readGroupState(await store.read(groupSelectors('g')), 'g')
  if ('problem' in state) throw new Error(state.problem)
  return state
}

const kindOf = (outcome: Outcome): string =>
  outcome.outcome === 'refused' ? outcome.refusal.kind : outcome.outcome

describe('GroupLane', () => {
  it('grants a slot in one transaction, with its holder record and event', async () => {
    const { lane, clock, store } = createLane()
    expect(await settled(clock, lane.lock('a', PATIENT_CLIENT))).to.deep.equal({
      outcome: 'acquired',
    })
    expect(store.get(KEY)).to.equal('{"total_slots":1,"holders":["a"]}')
    expect(store.get(configuredSlotsKey('g'))).to.equal('1')
    expect(store.get(holderKey('g', 'a'))).to.equal(
      '{"since":"2026-01-05T00:00:00.000Z","by":"airlock@here"}',
    )
    expect(store.below(eventsPrefix('g')).map((text) => JSON.parse(text) as unknown)).to.deep.equal(
      [
        {
          at: '2026-01-05T00:00:00.000Z',
          by: 'airlock@here',
          changes: [
            { type: 'slots-set', from: null, to: 1 },
            { type: 'granted', id: 'a' },
          ],
        },
      ],
    )
    expect(store.commits).to.equal(1)
  })

  it('needs no read while the last known revision stands', async () => {
    const { lane, clock, store } = createLane()
    await settled(clock, lane.lock('a', PATIENT_CLIENT))
    store.reads = 0
    await settled(clock, lane.unlock('a', PATIENT_CLIENT))
    await settled(clock, lane.lock('b', PATIENT_CLIENT))
    expect([store.reads, store.commits]).to.deep.equal([0, 3])
    expect(store.get(holderKey('g', 'a'))).to.equal(undefined)
  })

  it('lets all that wait share the next commit', async () => {
    const { lane, clock, store } = createLane({ slots: 50 })
    await settled(clock, lane.lock('first', PATIENT_CLIENT))
    store.commits = 0
    const all = Array.from({ length: 40 }, (_, index) => lane.lock(`m${index}`, PATIENT_CLIENT))
    const outcomes = await settled(clock, Promise.all(all))
    expect(outcomes.every(({ outcome }) => outcome === 'acquired')).to.equal(true)
    expect(store.commits).to.be.at.most(2)
  })

  it('answers what changes nothing from a read that began after the request', async () => {
    const { lane, clock, store } = createLane()
    await settled(clock, lane.lock('a', PATIENT_CLIENT))
    const revision = store.revisionOf(KEY)
    store.put(KEY, '{"total_slots":1,"holders":["b"]}')
    expect(kindOf(await settled(clock, lane.lock('a', PATIENT_CLIENT)))).to.equal('semaphore_full')
    expect(kindOf(await settled(clock, lane.lock('b', PATIENT_CLIENT)))).to.equal('already-held')
    expect(kindOf(await settled(clock, lane.unlock('a', PATIENT_CLIENT)))).to.equal('not-held')
    expect(store.revisionOf(KEY)).to.equal(revision + 1)
  })

  it('decides again on the fresh values of a conflict', async () => {
    const { lane, clock, store } = createLane({ slots: 2 })
    await settled(clock, lane.lock('a', PATIENT_CLIENT))
    store.put(KEY, '{"total_slots":2,"holders":["a","x"]}')
    store.reads = 0
    expect(kindOf(await settled(clock, lane.lock('b', PATIENT_CLIENT)))).to.equal('semaphore_full')
    expect(store.reads).to.equal(0)
    expect(store.get(KEY)).to.equal('{"total_slots":2,"holders":["a","x"]}')
  })

  it('refuses with store_conflict when others are faster until time is up', async () => {
    const { lane, clock, store } = createLane({ slots: 9 })
    await settled(clock, lane.lock('a', PATIENT_CLIENT))
    let turn = 0
    store.onCommit = () => {
      turn += 1
      store.put(KEY, `{"total_slots":9,"holders":["x${turn}"]}`)
    }
    const outcome = await settled(clock, lane.lock('b', PATIENT_CLIENT))
    expect(kindOf(outcome)).to.equal('store_conflict')
  })

  it('leaves a broken document as it is and says what is wrong with it', async () => {
    const { lane, clock, store } = createLane()
    store.put(KEY, '{"total_slots":1}')
    const refusal = { kind: 'store_corrupt', key: KEY, problem: 'has no "holders"' }
    for (const request of [lane.lock('a', PATIENT_CLIENT), lane.unlock('a', PATIENT_CLIENT)]) {
      expect(await settled(clock, request)).to.deep.equal({ outcome: 'refused', refusal })
    }
    expect(store.get(KEY)).to.equal('{"total_slots":1}')
  })

  it('gives no slot to a client that has gone away', async () => {
    const { lane, clock, store } = createLane()
    const outcome = await settled(clock, lane.lock('a', { ...PATIENT_CLIENT, isGone: () => true }))
    expect(kindOf(outcome)).to.equal('withdrawn')
    expect(store.get(holderKey('g', 'a'))).to.equal(undefined)
  })

  it('takes no slot from a holder for a client that has gone away', async () => {
    const { lane, clock, store } = createLane()
    await settled(clock, lane.lock('a', PATIENT_CLIENT))
    const before = store.get(KEY)
    const outcome = await settled(
      clock,
      lane.unlock('a', { ...PATIENT_CLIENT, isGone: () => true }),
    )
    expect(kindOf(outcome)).to.equal('withdrawn')
    expect(store.get(KEY)).to.equal(before)
  })

  it('answers within its timeout although the store never does', async () => {
    const { lane, clock, store } = createLane()
    store.onRead = () => new Promise(() => undefined)
    const begin = clock.monotonic()
    const outcome = await settled(clock, lane.lock('a', PATIENT_CLIENT))
    expect(kindOf(outcome)).to.equal('store_unavailable')
    expect(clock.monotonic() - begin).to.be.within(3000, 3040)
  })

  it('tells the reason when the store cannot be used', async () => {
    const { lane, clock, store } = createLane()
    store.onRead = () => Promise.reject(new StoreError('unavailable', 'nothing listens'))
    expect(await settled(clock, lane.lock('a', PATIENT_CLIENT))).to.deep.equal({
      outcome: 'refused',
      refusal: { kind: 'store_unavailable', reason: 'nothing listens' },
    })
  })

  it('refuses what waits and what comes once it is closed', async () => {
    const { lane, clock, store } = createLane()
    let finish = (): void => undefined
    store.onRead = () => new Promise((resolve) => (finish = resolve))
    const first = lane.lock('a', PATIENT_CLIENT)
    await clock.advance(0)
    const second = lane.lock('b', PATIENT_CLIENT)
    lane.close()
    expect(kindOf(await settled(clock, second))).to.equal('shutting_down')
    expect(kindOf(await settled(clock, lane.unlock('a', PATIENT_CLIENT)))).to.equal('shutting_down')
    finish()
    expect(kindOf(await settled(clock, first))).to.equal('acquired')
  })
})

describe('GroupLane after a commit that ended unknown', () => {
  const timeout = new StoreError('unknown', 'etcd did not answer in time')

  it('makes the late commit fail before it answers', async () => {
    const { lane, clock, store, lines } = createLane()
    await settled(clock, lane.unlock('nobody', PATIENT_CLIENT))
    let applyLate = (): void => undefined
    store.onCommit = (apply) => {
      applyLate = apply
      store.onCommit = undefined
      throw timeout
    }
    expect(kindOf(await settled(clock, lane.lock('a', PATIENT_CLIENT)))).to.equal('acquired')
    expect(kindOf(await settled(clock, lane.unlock('a', PATIENT_CLIENT)))).to.equal('released')
    applyLate()
    expect(store.get(KEY)).to.equal('{"total_slots":1,"holders":[]}')
    expect(lines.filter((line) => line.includes('fenc'))).to.have.length(2)
  })

  it('rewrites an unchanged document to fence it, and adds no event for that', async () => {
    const { lane, clock, store } = createLane()
    await settled(clock, lane.unlock('nobody', PATIENT_CLIENT))
    const events = store.below(eventsPrefix('g')).length
    let applyLate = (): void => undefined
    store.onCommit = (apply) => {
      applyLate = apply
      throw timeout
    }
    const gone = lane.lock('a', PATIENT_CLIENT)
    await settled(clock, gone)
    store.onCommit = undefined
    const revision = store.revisionOf(KEY)
    expect(kindOf(await settled(clock, lane.unlock('a', PATIENT_CLIENT)))).to.equal('not-held')
    expect(store.revisionOf(KEY)).to.be.greaterThan(revision)
    applyLate()
    expect(store.get(KEY)).to.equal('{"total_slots":1,"holders":[]}')
    expect(store.below(eventsPrefix('g'))).to.have.length(events)
  })

  it('finds that it holds when the uncertain commit has happened', async () => {
    const { lane, clock, store } = createLane()
    await settled(clock, lane.unlock('nobody', PATIENT_CLIENT))
    store.onCommit = (apply) => {
      store.onCommit = undefined
      apply()
      throw timeout
    }
    expect(kindOf(await settled(clock, lane.lock('a', PATIENT_CLIENT)))).to.equal('already-held')
    expect(kindOf(await settled(clock, lane.lock('b', PATIENT_CLIENT)))).to.equal('semaphore_full')
  })

  it('answers nothing but store_unavailable until the fence has succeeded', async () => {
    const { lane, clock, store } = createLane()
    await settled(clock, lane.lock('a', PATIENT_CLIENT))
    store.onCommit = () => Promise.reject(timeout)
    expect(kindOf(await settled(clock, lane.unlock('a', PATIENT_CLIENT)))).to.equal(
      'store_unavailable',
    )
    for (const request of [
      lane.lock('a', PATIENT_CLIENT),
      lane.unlock('b', PATIENT_CLIENT),
      lane.lock('b', PATIENT_CLIENT),
    ]) {
      expect(kindOf(await settled(clock, request))).to.equal('store_unavailable')
    }
    store.onCommit = undefined
    expect(kindOf(await settled(clock, lane.lock('a', PATIENT_CLIENT)))).to.equal('already-held')
  })

  it('fences without a request when a poll has seen the store again', async () => {
    const { lane, clock, store, lines } = createLane()
    await settled(clock, lane.lock('a', PATIENT_CLIENT))
    store.onCommit = () => Promise.reject(timeout)
    await settled(clock, lane.unlock('a', PATIENT_CLIENT))
    store.onCommit = undefined
    const revision = store.revisionOf(KEY)
    lane.observe(await stateOf(store), revision)
    await clock.advance(100)
    expect(store.revisionOf(KEY)).to.be.greaterThan(revision)
    expect(lines.at(-1)).to.include('the uncertain commit is fenced')
  })
})

describe("GroupLane and the configuration's slots", () => {
  it('applies a changed number once', async () => {
    const { lane, clock, store, lines } = createLane({ slots: 3 })
    store.put(KEY, '{"total_slots":1,"holders":["a"]}')
    store.put(configuredSlotsKey('g'), '1')
    expect(kindOf(await settled(clock, lane.lock('b', PATIENT_CLIENT)))).to.equal('acquired')
    expect(store.get(KEY)).to.equal('{"total_slots":3,"holders":["a","b"]}')
    expect(store.get(configuredSlotsKey('g'))).to.equal('3')
    expect(lines).to.include(
      'level=notice msg="slots applied from the configuration" group=g from=1 to=3',
    )
    store.put(KEY, '{"total_slots":2,"holders":["a","b"]}')
    store.put(configuredSlotsKey('g'), '2')
    expect(kindOf(await settled(clock, lane.lock('c', PATIENT_CLIENT)))).to.equal('semaphore_full')
  })

  it('keeps what an operator has set while the configured number is the same', async () => {
    const { lane, clock, store } = createLane({ slots: 1 })
    store.put(KEY, '{"total_slots":5,"holders":[]}')
    store.put(configuredSlotsKey('g'), '1')
    await settled(clock, lane.lock('a', PATIENT_CLIENT))
    expect(store.get(KEY)).to.equal('{"total_slots":5,"holders":["a"]}')
  })

  it('keeps what an operator has set after another replica has applied the number', async () => {
    const { lane, clock, store } = createLane({ slots: 3 })
    store.put(KEY, '{"total_slots":1,"holders":[]}')
    store.put(configuredSlotsKey('g'), '1')
    store.onCommit = () => {
      store.onCommit = undefined
      store.put(configuredSlotsKey('g'), '3')
      store.put(KEY, '{"total_slots":5,"holders":[]}')
    }
    expect(kindOf(await settled(clock, lane.lock('a', PATIENT_CLIENT)))).to.equal('acquired')
    expect(store.get(KEY)).to.equal('{"total_slots":5,"holders":["a"]}')
  })

  it('keeps what an operator has set when another writer is faster than the first grant', async () => {
    const { lane, clock, store } = createLane({ slots: 3 })
    store.put(KEY, '{"total_slots":5,"holders":[]}')
    store.put(configuredSlotsKey('g'), '3')
    store.onCommit = () => {
      store.onCommit = undefined
      store.put(KEY, '{"total_slots":5,"holders":["x"]}')
    }
    expect(kindOf(await settled(clock, lane.lock('a', PATIENT_CLIENT)))).to.equal('acquired')
    expect(store.get(KEY)).to.equal('{"total_slots":5,"holders":["a","x"]}')
  })

  it('only initialises when the store decides', async () => {
    const { lane, clock, store } = createLane({ slots: 3, slotsSource: 'store' })
    store.put(KEY, '{"total_slots":1,"holders":["a"]}')
    expect(kindOf(await settled(clock, lane.lock('b', PATIENT_CLIENT)))).to.equal('semaphore_full')
    expect(store.get(configuredSlotsKey('g'))).to.equal(undefined)
  })

  it('applies without a request when a poll has seen the store', async () => {
    const { lane, clock, store } = createLane({ slots: 2 })
    lane.observe(await stateOf(store), 1)
    await clock.advance(10)
    expect(store.get(KEY)).to.equal('{"total_slots":2,"holders":[]}')
  })

  it('writes nothing for machines that hold nothing once the slots are applied', async () => {
    const { lane, clock, store } = createLane()
    await settled(clock, lane.unlock('a', PATIENT_CLIENT))
    const revision = store.revisionOf(KEY)
    const all = Array.from({ length: 200 }, (_, index) => lane.unlock(`m${index}`, PATIENT_CLIENT))
    const outcomes = await settled(clock, Promise.all(all))
    expect(outcomes.every(({ outcome }) => outcome === 'not-held')).to.equal(true)
    expect(store.revisionOf(KEY)).to.equal(revision)
  })
})
