import { expect } from 'chai'
import type { Outcome } from '../../../lib/lock/batch.js'
import { GroupLane } from '../../../lib/lock/group-lane.js'
import { groupSelectors, readGroupState, type GroupState } from '../../../lib/lock/group-state.js'
import { pauseKey, semaphoreKey } from '../../../lib/lock/keys.js'
import { PATIENT_CLIENT, type Client } from '../../../lib/lock/pending-request.js'
import { Turnstile } from '../../../lib/lock/turnstile.js'
import { WaiterLimit } from '../../../lib/lock/waiting-room.js'
import { StoreError } from '../../../lib/store/store-error.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { FakeClock } from '../../support/fake-clock.js'
import { MemoryStore } from '../../support/memory-store.js'

const KEY = semaphoreKey('g')
const WAIT_MS = 600_000

describe('waiting for a slot', () => {
  let clock: FakeClock
  let store: MemoryStore
  let lane: GroupLane
  let limit: WaiterLimit
  let metrics: ReturnType<typeof collectingEvents>['metrics']
  let watchers: number
  let waiterChanges: number

  beforeEach(() => {
    clock = new FakeClock()
    store = new MemoryStore()
    limit = new WaiterLimit(1000)
    watchers = 0
    waiterChanges = 0
    const collected = collectingEvents()
    metrics = collected.metrics
    lane = new GroupLane({
      group: 'g',
      settings: { slots: 1, slotsSource: 'config', waitTimeoutMs: WAIT_MS },
      store,
      clock,
      events: collected.events,
      timeoutMs: 3000,
      by: 'airlock@here',
      waiterLimit: limit,
      turnstile: new Turnstile(),
      onWaitersChange: () => (waiterChanges += 1),
      watchStore: () => {
        watchers += 1
        return () => (watchers -= 1)
      },
    })
  })

  /** A request, and what it was answered: undefined while it waits. */
  interface Asked {
    readonly outcome: () => string | undefined
  }

  async function asked(promise: Promise<Outcome>): Promise<Asked> {
    let outcome: string | undefined
    void promise.then((it) => {
      outcome = it.outcome === 'refused' ? it.refusal.kind : it.outcome
    })
    await clock.advance(50)
    return { outcome: () => outcome }
  }

  const lock = (id: string, client: Client = PATIENT_CLIENT): Promise<Asked> =>
    asked(lane.lock(id, client))
  const unlock = (id: string): Promise<Asked> => asked(lane.unlock(id, PATIENT_CLIENT))

  async function poll(): Promise<void> {
    const snapshot = await store.read(groupSelectors('g'))
    lane.observe(readGroupState(snapshot, 'g') as GroupState, snapshot.revision)
    await clock.advance(50)
  }

  it('grants a slot to who waits as soon as it is released here', async () => {
    await lock('a')
    const b = await lock('b')
    expect(b.outcome()).to.equal(undefined)
    await clock.advance(200_000)
    expect((await unlock('a')).outcome()).to.equal('released')
    expect(b.outcome()).to.equal('acquired')
    expect(store.get(KEY)).to.equal('{"total_slots":1,"holders":["b"]}')
  })

  it('grants in the order of arrival, and lets nobody new go first', async () => {
    await lock('a')
    const waiting = [await lock('z'), await lock('y'), await lock('x')]
    for (const [index, id] of ['a', 'z', 'y'].entries()) {
      const release = lane.unlock(id, PATIENT_CLIENT)
      const newcomer = lane.lock(`new-${index}`, PATIENT_CLIENT)
      void newcomer
      await asked(release)
      expect(waiting.map((each) => each.outcome() === 'acquired')).to.deep.equal(
        waiting.map((_, place) => place <= index),
      )
    }
  })

  it('grants in one commit what was released in it', async () => {
    await lock('a')
    const b = await lock('b')
    store.commits = 0
    await unlock('a')
    expect([b.outcome(), store.commits]).to.deep.equal(['acquired', 1])
  })

  it('wakes up by a poll that has seen a release through another replica', async () => {
    await lock('a')
    const b = await lock('b')
    store.put(KEY, '{"total_slots":1,"holders":[]}')
    await poll()
    expect(b.outcome()).to.equal('acquired')
  })

  it('has the store watched exactly while somebody waits', async () => {
    await lock('a')
    expect(watchers).to.equal(0)
    await lock('b')
    await lock('c')
    expect(watchers).to.equal(1)
    await unlock('a')
    expect(watchers).to.equal(1)
    await unlock('b')
    expect(watchers).to.equal(0)
  })

  it('shows who waits, since when on the wall clock and for what, and tells of each change', async () => {
    expect(lane.waiters(9)).to.deep.equal({ waiting: 0, first: [] })
    await lock('a')
    const [b, c] = [await lock('b'), await lock('c')]
    const since = clock.now() - 100
    clock.jumpTo(clock.now() + 3_600_000)
    const refusal = { kind: 'semaphore_full', totalSlots: 1, holders: 1 }
    expect(lane.waiters(9)).to.deep.equal({
      waiting: 2,
      first: [
        { id: 'b', since: since + 3_600_000, refusal },
        { id: 'c', since: since + 3_600_050, refusal },
      ],
    })
    expect(lane.waiters(1).first.map(({ id }) => id)).to.deep.equal(['b'])
    expect(waiterChanges).to.equal(2)
    await unlock('a')
    expect([b.outcome(), c.outcome(), lane.waiters(9).waiting]).to.deep.equal([
      'acquired',
      undefined,
      1,
    ])
    expect(waiterChanges).to.equal(3)
  })

  it('asks the store nothing by itself while nothing changes', async () => {
    await lock('a')
    await lock('b')
    const before = [store.reads, store.commits]
    await clock.advance(60_000)
    expect([store.reads, store.commits]).to.deep.equal(before)
  })

  it('refuses when the time is up, with the reason that stands then', async () => {
    await lock('a')
    const b = await lock('b')
    await clock.advance(0.8 * WAIT_MS - 200)
    expect(b.outcome()).to.equal(undefined)
    await clock.advance(0.2 * WAIT_MS + 200)
    expect(b.outcome()).to.equal('semaphore_full')
    await unlock('a')
    expect(store.get(KEY)).to.equal('{"total_slots":1,"holders":[]}')
  })

  it('does not send away all at once who came together', async () => {
    await lock('a')
    const others: Asked[] = []
    for (let index = 0; index < 40; index += 1) others.push(await lock(`b${index}`))
    const waiting = (): number => others.filter((one) => one.outcome() === undefined).length
    await clock.advance(0.9 * WAIT_MS)
    expect(waiting()).to.be.within(1, 39)
    await clock.advance(0.1 * WAIT_MS)
    expect(waiting()).to.equal(0)
  })

  it('answers holders at once, also while others wait', async () => {
    await lock('a')
    await lock('b')
    expect((await lock('a')).outcome()).to.equal('already-held')
    expect((await unlock('nobody')).outcome()).to.equal('not-held')
  })

  it('drops a client that has gone away', async () => {
    await lock('a')
    let leave = (): void => undefined
    let isGone = false
    const b = await lock('b', {
      isGone: () => isGone,
      onGone: (callback) => {
        leave = callback
        return () => undefined
      },
    })
    const c = await lock('c')
    isGone = true
    leave()
    await clock.advance(1)
    expect(b.outcome()).to.equal('withdrawn')
    await unlock('a')
    expect(c.outcome()).to.equal('acquired')
  })

  it('lets a second request of an id take over the place of the first', async () => {
    await lock('a')
    const first = await lock('b')
    const other = await lock('c')
    const second = await lock('b')
    expect([first.outcome(), second.outcome()]).to.deep.equal(['withdrawn', undefined])
    await unlock('a')
    expect([second.outcome(), other.outcome()]).to.deep.equal(['acquired', undefined])
  })

  it('withdraws who waits when the machine reports a steady state', async () => {
    await lock('a')
    const b = await lock('b')
    expect((await unlock('b')).outcome()).to.equal('not-held')
    expect(b.outcome()).to.equal('withdrawn')
  })

  it('refuses whoever is beyond the bound', async () => {
    limit.max = 1
    await lock('a')
    const b = await lock('b')
    expect((await lock('c')).outcome()).to.equal('semaphore_full')
    expect(b.outcome()).to.equal(undefined)
    await unlock('a')
    const c = await lock('c')
    expect((await lock('d')).outcome()).to.equal('semaphore_full')
    expect(c.outcome()).to.equal(undefined)
  })

  it('answers all that wait at once when it is told to end', async () => {
    await lock('a')
    const waiting = [await lock('b'), await lock('c')]
    lane.endWaiting()
    await clock.advance(1)
    expect(waiting.map((each) => each.outcome())).to.deep.equal(['shutting_down', 'shutting_down'])
    expect((await lock('d')).outcome()).to.equal('semaphore_full')
    expect((await unlock('a')).outcome()).to.equal('released')
  })

  it('waits through a pause and goes on when it ends', async () => {
    store.put(pauseKey('g'), '{"reason":"r","since":"","by":""}')
    const a = await lock('a')
    await poll()
    expect(a.outcome()).to.equal(undefined)
    const { revision } = (await store.commit({
      unchanged: [],
      puts: [],
      deletes: [pauseKey('g')],
    })) as { revision: number }
    expect(revision).to.be.greaterThan(0)
    await poll()
    expect(a.outcome()).to.equal('acquired')
  })

  it('waits for a pause that begins meanwhile, and says so', async () => {
    await lock('a')
    const b = await lock('b')
    const reason = (): string | undefined => lane.waiters(1).first[0]?.refusal.kind
    expect(reason()).to.equal('semaphore_full')
    store.put(pauseKey('g'), '{"reason":"r","since":"","by":""}')
    await poll()
    expect(reason()).to.equal('paused')
    await clock.advance(WAIT_MS)
    expect(b.outcome()).to.equal('paused')
  })

  it('goes on waiting through an outage of the store', async () => {
    await lock('a')
    const b = await lock('b')
    store.onCommit = () => Promise.reject(new StoreError('unavailable', 'down'))
    expect((await unlock('a')).outcome()).to.equal('store_unavailable')
    expect(b.outcome()).to.equal(undefined)
    store.onCommit = undefined
    expect((await unlock('a')).outcome()).to.equal('released')
    expect(b.outcome()).to.equal('acquired')
  })

  it('fences an uncertain release before it grants the slot on', async () => {
    await lock('a')
    const b = await lock('b')
    store.onCommit = (apply) => {
      store.onCommit = undefined
      apply()
      throw new StoreError('unknown', 'no answer')
    }
    const released = await unlock('a')
    await clock.advance(50)
    expect([released.outcome(), b.outcome()]).to.deep.equal(['not-held', 'already-held'])
    expect(store.get(KEY)).to.equal('{"total_slots":1,"holders":["b"]}')
  })

  it('serves thousands that wait, in order, when the slots are raised', async () => {
    limit.max = 10_000
    await lock('holder')
    const granted: string[] = []
    for (let index = 0; index < 2500; index++) {
      const id = `m${index}`
      void lane.lock(id, PATIENT_CLIENT).then(({ outcome }) => {
        if (outcome === 'acquired') granted.push(id)
      })
    }
    await clock.advance(100)
    expect(granted).to.have.length(0)
    store.put(KEY, '{"total_slots":251,"holders":["holder"]}')
    await poll()
    await clock.advance(500)
    expect(granted).to.deep.equal(Array.from({ length: 250 }, (_, index) => `m${index}`))
    const latecomer = await lock('late')
    expect(latecomer.outcome()).to.equal(undefined)
  })

  it('lets nobody overtake, nor keeps who gives up, among more than one commit can serve', async () => {
    await lock('holder')
    const first = await Promise.all(Array.from({ length: 150 }, (_, index) => lock(`m${index}`)))
    expect((await unlock('m140')).outcome()).to.equal('not-held')
    expect(first[140]?.outcome()).to.equal('withdrawn')
    store.onCommit = (apply) => {
      apply()
      return new Promise<void>((resolve) => clock.schedule(100, resolve))
    }
    store.put(KEY, '{"total_slots":121,"holders":["holder"]}')
    await poll()
    const late = await lock('late')
    await clock.advance(1000)
    const granted = first.map((each) => each.outcome() === 'acquired')
    expect(granted).to.deep.equal(first.map((_, index) => index < 120))
    expect(late.outcome()).to.equal(undefined)
  })

  it('counts who waits, and how long they have', async () => {
    await lock('a')
    await lock('b')
    const gauge = async (): Promise<number | undefined> =>
      (await metrics.waiters.get()).values.find(({ labels }) => labels.group === 'g')?.value
    expect(await gauge()).to.equal(1)
    await clock.advance(30_000)
    await unlock('a')
    expect(await gauge()).to.equal(0)
    const { values } = await metrics.waitDuration.get()
    const sum = values.find(({ metricName }) => metricName?.endsWith('_sum'))?.value
    expect(sum).to.be.closeTo(30, 1)
  })
})
