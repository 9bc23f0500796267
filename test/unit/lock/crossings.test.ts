import { expect } from 'chai'
import type { GroupGates, Verdict } from '../../../lib/gates/gate.js'
import type { Outcome } from '../../../lib/lock/batch.js'
import { GroupLane } from '../../../lib/lock/group-lane.js'
import { groupSelectors, readGroupState, type GroupState } from '../../../lib/lock/group-state.js'
import { configuredSlotsKey, pauseKey, semaphoreKey } from '../../../lib/lock/keys.js'
import { PATIENT_CLIENT } from '../../../lib/lock/pending-request.js'
import type { LaneSettings } from '../../../lib/lock/plan-commit.js'
import { readHolders } from '../../../lib/lock/read-holders.js'
import { releaseStale } from '../../../lib/lock/stale-release.js'
import { Turnstile } from '../../../lib/lock/turnstile.js'
import { WaiterLimit } from '../../../lib/lock/waiting-room.js'
import { StoreError } from '../../../lib/store/store-error.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { FakeClock } from '../../support/fake-clock.js'
import { MemoryStore, type Interception } from '../../support/memory-store.js'

const SETTINGS: LaneSettings = { slots: 1, slotsSource: 'config', waitTimeoutMs: 0 }
const TIMEOUT_MS = 3000
const OPEN: Verdict = { verdict: 'open' }

describe('a lane, where things happen at the same time', () => {
  let clock: FakeClock
  let store: MemoryStore
  let turnstile: Turnstile

  beforeEach(() => {
    clock = new FakeClock()
    store = new MemoryStore()
    turnstile = new Turnstile()
  })

  function laneOf(settings: Partial<LaneSettings> = {}, group = 'g'): GroupLane {
    return new GroupLane({
      group,
      settings: { ...SETTINGS, ...settings },
      store,
      clock,
      events: collectingEvents().events,
      timeoutMs: TIMEOUT_MS,
      by: 'airlock@here',
      waiterLimit: new WaiterLimit(1000),
      watchStore: () => () => undefined,
      turnstile,
    })
  }

  /** What a request is answered, as far as it is by now. */
  function answerOf(promise: Promise<Outcome>): () => string | undefined {
    let answer: string | undefined
    void promise.then((it) => {
      answer = it.outcome === 'refused' ? it.refusal.kind : it.outcome
    })
    return () => answer
  }

  async function settled(promise: Promise<Outcome>): Promise<string | undefined> {
    const answer = answerOf(promise)
    for (let steps = 0; answer() === undefined && steps < 1000; steps += 1) await clock.advance(10)
    return answer()
  }

  const lock = (lane: GroupLane, id: string) => lane.lock(id, PATIENT_CLIENT)
  const unlock = (lane: GroupLane, id: string) => lane.unlock(id, PATIENT_CLIENT)

  async function poll(lane: GroupLane): Promise<void> {
    const snapshot = await store.read(groupSelectors('g'))
    lane.observe(readGroupState(snapshot, 'g') as GroupState, snapshot.revision)
    await clock.advance(50)
  }

  /** Does the next operation, whose answer takes this long. */
  const slowly =
    (delayMs: number): Interception =>
    (apply) => {
      apply()
      return new Promise<void>((resolve) => clock.schedule(delayMs, resolve))
    }

  describe('under a cap over all groups', () => {
    it('counts the others anew after a conflict', async () => {
      store.put(semaphoreKey('other'), '{"total_slots":2,"holders":["x","y"]}')
      store.put(semaphoreKey('g'), '{"total_slots":5,"holders":[]}')
      store.onCommit = () => {
        store.onCommit = undefined
        // Another replica applies the same configuration a moment earlier.
        store.put(configuredSlotsKey('g'), '2')
        store.put(semaphoreKey('g'), '{"total_slots":2,"holders":[]}')
      }
      const lane = laneOf({ slots: 2, totalSlotsMax: 2 })
      expect(await settled(lock(lane, 'a'))).to.equal('total_full')
      expect(store.get(semaphoreKey('g'))).to.equal('{"total_slots":2,"holders":[]}')
    })

    it('turns no holder and no release away for what another group has stored', async () => {
      const lane = laneOf({ slots: 2, totalSlotsMax: 5 })
      expect(await settled(lock(lane, 'a'))).to.equal('acquired')
      store.put(semaphoreKey('other'), 'garbage')
      const answers = [lock(lane, 'a'), lock(lane, 'b'), unlock(lane, 'a')].map(settled)
      expect(await Promise.all(answers)).to.deep.equal([
        'already-held',
        'store_corrupt',
        'released',
      ])
    })

    it('answers every machine of many groups whose gates are open', async () => {
      store.onRead = slowly(20)
      store.onCommit = slowly(20)
      let asked = 0
      const gates: GroupGates = {
        ask: () => {
          asked += 1
          return Promise.resolve(OPEN)
        },
      }
      const lanes = Array.from({ length: 40 }, (_, index) =>
        laneOf({ gates, totalSlotsMax: 1000 }, `g${index}`),
      )
      const answers = lanes.map((lane) => answerOf(lock(lane, 'm')))
      for (let steps = 0; steps < 1000; steps += 1) await clock.advance(10)
      expect(answers.map((answer) => answer())).to.deep.equal(lanes.map(() => 'acquired'))
      expect(asked).to.equal(40)
    })

    it('answers though every read takes longer than a second', async () => {
      store.onRead = slowly(1100)
      const lane = laneOf({ gates: { ask: () => Promise.resolve(OPEN) }, totalSlotsMax: 5 })
      expect(await settled(lock(lane, 'a'))).to.equal('acquired')
    })
  })

  describe('with gates', () => {
    let open: (verdict: Verdict) => void
    const gates: GroupGates = { ask: () => new Promise((resolve) => (open = resolve)) }

    it('grants nothing to a machine that has given up while they were asked', async () => {
      const lane = laneOf({ gates })
      const locked = answerOf(lock(lane, 'a'))
      await clock.advance(50)
      expect(await settled(unlock(lane, 'a'))).to.equal('not-held')
      open(OPEN)
      await clock.advance(50)
      expect(locked()).to.equal('withdrawn')
      expect(store.get(semaphoreKey('g'))).to.equal('{"total_slots":1,"holders":[]}')
    })

    it('loses no request when a reload removes them during a commit', async () => {
      const lane = laneOf({ slots: 2, gates: { ask: () => Promise.resolve(OPEN) } })
      await settled(lock(lane, 'x'))
      store.onRead = slowly(50)
      const busy = unlock(lane, 'nobody')
      store.onCommit = (apply) => {
        store.onCommit = undefined
        apply()
        lane.configure({ ...SETTINGS, slots: 2 })
      }
      const answers = [busy, unlock(lane, 'x'), lock(lane, 'a')].map(settled)
      expect(await Promise.all(answers)).to.deep.equal(['not-held', 'released', 'acquired'])
      expect(clock.monotonic()).to.be.below(1000)
    })
  })

  describe('with a machine that waits', () => {
    it('does not say that the slots are held to whom it is granting one', async () => {
      const lane = laneOf({ waitTimeoutMs: 10_000 })
      await settled(lock(lane, 'x'))
      const waiting = answerOf(lock(lane, 'a'))
      await clock.advance(7900)
      store.onCommit = slowly(2900)
      void unlock(lane, 'x')
      await clock.advance(6000)
      expect(waiting()).to.equal('acquired')
      expect(store.get(semaphoreKey('g'))).to.equal('{"total_slots":1,"holders":["a"]}')
    })

    it('does not say that it stops to whom it is granting a slot', async () => {
      const lane = laneOf({ waitTimeoutMs: 10_000 })
      await settled(lock(lane, 'x'))
      const waiting = [answerOf(lock(lane, 'a')), answerOf(lock(lane, 'b'))]
      await clock.advance(100)
      store.onCommit = slowly(500)
      void unlock(lane, 'x')
      await clock.advance(200)
      lane.endWaiting()
      await clock.advance(1000)
      expect(waiting.map((answer) => answer())).to.deep.equal(['acquired', 'shutting_down'])
    })

    it('does not know what became of a grant without an answer', async () => {
      const lane = laneOf({ waitTimeoutMs: 10_000 })
      await settled(lock(lane, 'x'))
      const waiting = answerOf(lock(lane, 'a'))
      await clock.advance(100)
      store.onCommit = async (apply) => {
        apply()
        await slowly(500)(() => undefined)
        throw new StoreError('unknown', 'no answer')
      }
      void unlock(lane, 'x')
      await clock.advance(200)
      lane.endWaiting()
      await clock.advance(400)
      expect(waiting()).to.equal('store_unavailable')
    })
  })

  it('refuses nobody for a pause that is over', async () => {
    const lane = laneOf({ slots: 2 })
    await settled(lock(lane, 'x'))
    await settled(lock(lane, 'y'))
    store.put(pauseKey('g'), '{"reason":"r","since":"s","by":"b"}')
    await poll(lane)
    await store.commit({ unchanged: [], puts: [], deletes: [pauseKey('g')] })
    // Both share the batch after this commit.
    store.onCommit = (apply) => {
      store.onCommit = undefined
      return slowly(50)(apply)
    }
    const answers = [unlock(lane, 'y'), unlock(lane, 'x'), lock(lane, 'a')].map(settled)
    expect(await Promise.all(answers)).to.deep.equal(['released', 'released', 'acquired'])
  })

  it('fences a stale release whose end is not known before it answers', async () => {
    const lane = laneOf()
    await settled(lock(lane, 'a'))
    const [hold] = (await readHolders(store, TIMEOUT_MS)).get('g') ?? []
    let happen = (): void => undefined
    store.onCommit = (apply) => {
      store.onCommit = undefined
      happen = apply
      throw new StoreError('unknown', 'no answer')
    }
    const result = await releaseStale(hold ?? expect.fail('nobody holds'), {
      store,
      timeoutMs: TIMEOUT_MS,
      atMostPerDay: 9,
      cooldownSeconds: 0,
      now: clock.now(),
      by: 'b',
    })
    expect(result).to.deep.equal({ outcome: 'uncertain', reason: 'no answer' })
    lane.noteUncertain('no answer')
    expect(await settled(lock(lane, 'a'))).to.equal('already-held')
    happen()
    expect(await settled(lock(lane, 'b'))).to.equal('semaphore_full')
    expect(store.get(semaphoreKey('g'))).to.equal('{"total_slots":1,"holders":["a"]}')
  })

  it('fences what has become uncertain during a commit by another one', async () => {
    const lane = laneOf()
    store.onCommit = slowly(100)
    const locked = answerOf(lock(lane, 'a'))
    await clock.advance(50)
    lane.noteUncertain('no answer')
    await clock.advance(60)
    expect([locked(), store.commits]).to.deep.equal(['acquired', 2])
  })
})
