import { expect } from 'chai'
import type { GroupGates, Verdict } from '../../../lib/gates/gate.js'
import type { Outcome } from '../../../lib/lock/batch.js'
import { cooldownKey, semaphoreKey } from '../../../lib/lock/keys.js'
import { LockManager, type LockSettings } from '../../../lib/lock/lock-manager.js'
import { PATIENT_CLIENT } from '../../../lib/lock/pending-request.js'
import { GROUPS_SELECTORS, readGroups } from '../../../lib/lock/store-poller.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { FakeClock } from '../../support/fake-clock.js'
import { MemoryStore } from '../../support/memory-store.js'

const CLOSED: Verdict = {
  verdict: 'closed',
  refusal: { kind: 'alerts_firing', alerts: ['Down'] },
}

/** Gates that answer when the test says so. */
class HeldGates implements GroupGates {
  readonly #asked: ((verdict: Verdict) => void)[] = []
  count = 0

  ask(): Promise<Verdict> {
    this.count += 1
    return new Promise((resolve) => this.#asked.push(resolve))
  }

  answer(verdict: Verdict): void {
    this.#asked.shift()?.(verdict)
  }
}

describe('gates in front of a slot', () => {
  let clock: FakeClock
  let store: MemoryStore
  let gates: HeldGates
  let manager: LockManager

  function setUp(settings: Partial<LockSettings> = {}, slots = 1, waitTimeoutMs = 0): void {
    clock = new FakeClock()
    store = new MemoryStore()
    gates = new HeldGates()
    manager = new LockManager(
      {
        groups: ['a', 'b'].map((name) => ({ name, slots, waitTimeoutMs })),
        slotsSource: 'config',
        waitersMax: 100,
        gatesOf: () => gates,
        ...settings,
      },
      {
        store,
        clock,
        events: collectingEvents().events,
        timeoutMs: 3000,
        by: 'airlock@here',
        watchStore: () => () => undefined,
      },
    )
  }

  async function asked(promise: Promise<Outcome>): Promise<() => string | undefined> {
    let outcome: string | undefined
    void promise.then((it) => {
      outcome = it.outcome === 'refused' ? it.refusal.kind : it.outcome
    })
    await clock.advance(50)
    return () => outcome
  }

  const lock = (group: string, id: string) => asked(manager.lock({ group, id }, PATIENT_CLIENT))
  const unlock = (group: string, id: string) => asked(manager.unlock({ group, id }, PATIENT_CLIENT))

  async function answer(verdict: Verdict): Promise<void> {
    gates.answer(verdict)
    await clock.advance(50)
  }

  async function poll(): Promise<void> {
    manager.observe(readGroups(await store.read(GROUPS_SELECTORS)))
    await clock.advance(50)
  }

  it('grants once the gates are open', async () => {
    setUp()
    const a = await lock('a', 'm')
    expect(a()).to.equal(undefined)
    await answer({ verdict: 'open' })
    expect(a()).to.equal('acquired')
  })

  it('refuses with what the gates say', async () => {
    setUp()
    const a = await lock('a', 'm')
    await answer(CLOSED)
    expect(a()).to.equal('alerts_firing')
    expect(store.get(semaphoreKey('a'))).to.not.include('m')
  })

  it('asks once for all that wait at a moment, and again for who comes later', async () => {
    setUp({}, 10)
    const first = await lock('a', 'm1')
    const later = [await lock('a', 'm2'), await lock('a', 'm3')]
    expect(gates.count).to.equal(1)
    await answer({ verdict: 'open' })
    expect([first(), ...later.map((each) => each())]).to.deep.equal([
      'acquired',
      undefined,
      undefined,
    ])
    expect(gates.count).to.equal(2)
    await answer({ verdict: 'open' })
    expect(later.map((each) => each())).to.deep.equal(['acquired', 'acquired'])
  })

  it('asks nobody while no slot is free', async () => {
    setUp()
    await lock('a', 'm')
    await answer({ verdict: 'open' })
    expect((await lock('a', 'n'))()).to.equal('semaphore_full')
    expect(gates.count).to.equal(1)
  })

  it('keeps no holder and no release waiting for a slow gate', async () => {
    setUp({}, 2)
    await lock('a', 'holder')
    await answer({ verdict: 'open' })
    const slow = await lock('a', 'm')
    expect((await lock('a', 'holder'))()).to.equal('already-held')
    expect((await unlock('a', 'holder'))()).to.equal('released')
    expect(slow()).to.equal(undefined)
    await clock.advance(10_000)
    expect(slow()).to.equal(undefined)
    await answer({ verdict: 'open' })
    expect(slow()).to.equal('acquired')
  })

  it('refuses when the gates never answer', async () => {
    setUp()
    const a = await lock('a', 'm')
    await clock.advance(50_000)
    expect(a()).to.equal('gate_error')
  })

  it('asks again when a verdict has become too old for a grant', async () => {
    setUp({}, 1, 600_000)
    await lock('a', 'holder')
    await answer({ verdict: 'open' })
    const waiting = await lock('a', 'm')
    await clock.advance(60_000)
    await unlock('a', 'holder')
    expect([waiting(), gates.count]).to.deep.equal([undefined, 2])
    await answer({ verdict: 'open' })
    expect(waiting()).to.equal('acquired')
  })

  for (const inMs of [1500, 10_000]) {
    it(`lets machines wait for gates that open in time, in ${inMs / 1000} s`, async () => {
      setUp({}, 1, 600_000)
      const a = await lock('a', 'm')
      await answer({ ...CLOSED, opensAt: clock.now() + inMs })
      expect(a()).to.equal(undefined)
      await clock.advance(inMs + 100)
      expect(gates.count).to.equal(2)
      await answer({ verdict: 'open' })
      expect(a()).to.equal('acquired')
    })
  }

  it('asks now and then for who waits while nobody knows when the gates open', async () => {
    setUp({}, 1, 600_000)
    const a = await lock('a', 'm')
    for (let round = 1; round <= 3; round++) {
      await answer(CLOSED)
      expect([a(), gates.count]).to.deep.equal([undefined, round])
      await clock.advance(15_100)
      expect(gates.count).to.equal(round + 1)
    }
  })

  it('refuses at once where the gates are known to open only after the wait', async () => {
    setUp({}, 1, 600_000)
    const a = await lock('a', 'm')
    await answer({ ...CLOSED, opensAt: clock.now() + 700_000 })
    expect(a()).to.equal('alerts_firing')
  })

  it('keeps the order of arrival while gates are asked', async () => {
    setUp({}, 1)
    const first = await lock('a', 'm1')
    const second = await lock('a', 'm2')
    await answer({ verdict: 'open' })
    expect([first(), second()]).to.deep.equal(['acquired', undefined])
    await answer({ verdict: 'open' })
    expect(second()).to.equal('semaphore_full')
  })

  it('are asked anew where a reload has changed them meanwhile', async () => {
    setUp()
    const a = await lock('a', 'm')
    const before = gates
    gates = new HeldGates()
    manager.configure({
      groups: [{ name: 'a', slots: 1, waitTimeoutMs: 0 }],
      slotsSource: 'config',
      waitersMax: 100,
      gatesOf: () => gates,
    })
    before.answer({ verdict: 'open' })
    await clock.advance(50)
    expect([a(), gates.count]).to.deep.equal([undefined, 1])
    await answer(CLOSED)
    expect(a()).to.equal('alerts_firing')
  })

  it('are left out where a reload has removed them meanwhile', async () => {
    setUp()
    const a = await lock('a', 'm')
    manager.configure({
      groups: [{ name: 'a', slots: 1, waitTimeoutMs: 0 }],
      slotsSource: 'config',
      waitersMax: 100,
      gatesOf: () => undefined,
    })
    await answer(CLOSED)
    expect(a()).to.equal('acquired')
  })

  it('are waited for by nobody once waiting has ended, and leave no timer', async () => {
    setUp()
    const asking = await lock('a', 'm1')
    expect(gates.count).to.equal(1)
    manager.endWaiting()
    await clock.advance(0)
    expect(asking()).to.equal('shutting_down')
    await answer(CLOSED)
    expect(clock.pending).to.equal(0)
  })

  it('are not asked for a request that was under way when waiting was ended', async () => {
    setUp()
    let finish = (): void => undefined
    store.onRead = () => new Promise((resolve) => (finish = resolve))
    const underway = await lock('a', 'm1')
    manager.endWaiting()
    finish()
    await clock.advance(50)
    expect([underway(), gates.count]).to.deep.equal(['shutting_down', 0])
  })

  describe('the cooldown', () => {
    const cool = (): void =>
      setUp({
        groups: [{ name: 'a', slots: 1, waitTimeoutMs: 0, cooldownSeconds: 60 }],
        gatesOf: () => undefined,
      })

    it('grants nothing in a group that has just released', async () => {
      cool()
      expect((await lock('a', 'm'))()).to.equal('acquired')
      expect((await unlock('a', 'm'))()).to.equal('released')
      expect(store.get(cooldownKey('a'))).to.match(/^\{"since":"2026/)
      expect((await lock('a', 'n'))()).to.equal('cooldown')
      await store.commit({ unchanged: [], puts: [], deletes: [cooldownKey('a')] })
      expect((await lock('a', 'n'))()).to.equal('acquired')
    })

    it('grants nothing in the batch that releases', async () => {
      cool()
      await lock('a', 'm')
      const release = manager.unlock({ group: 'a', id: 'm' }, PATIENT_CLIENT)
      const next = await lock('a', 'n')
      expect([(await release).outcome, next()]).to.deep.equal(['released', 'cooldown'])
    })

    it('notices one that another replica has begun, at the grant', async () => {
      cool()
      await lock('a', 'm')
      store.put(semaphoreKey('a'), '{"total_slots":1,"holders":[]}')
      await poll()
      store.put(cooldownKey('a'), '{"since":"now"}')
      expect((await lock('a', 'n'))()).to.equal('cooldown')
    })
  })

  describe('the cap over all groups', () => {
    const capped = (totalSlotsMax: number): void =>
      setUp({ totalSlotsMax, gatesOf: () => undefined }, 5)

    it('binds all groups together', async () => {
      capped(2)
      expect((await lock('a', 'm'))()).to.equal('acquired')
      expect((await lock('b', 'm'))()).to.equal('acquired')
      expect((await lock('a', 'n'))()).to.equal('total_full')
      expect((await lock('a', 'm'))()).to.equal('already-held')
      expect((await unlock('b', 'm'))()).to.equal('released')
      expect((await lock('a', 'n'))()).to.equal('acquired')
    })

    it('holds for groups that ask at once', async () => {
      capped(3)
      const requests = Array.from({ length: 20 }, (_, index) =>
        manager.lock({ group: index % 2 === 0 ? 'a' : 'b', id: `m${index}` }, PATIENT_CLIENT),
      )
      await clock.advance(1000)
      const outcomes = await Promise.all(requests)
      expect(outcomes.filter(({ outcome }) => outcome === 'acquired')).to.have.length(3)
    })

    it('notices a grant in another group by another replica, at the commit', async () => {
      capped(1)
      let isFirst = true
      store.onCommit = () => {
        if (isFirst) store.put(semaphoreKey('b'), '{"total_slots":5,"holders":["other"]}')
        isFirst = false
      }
      expect((await lock('a', 'm'))()).to.equal('total_full')
    })

    it('counts groups that are not configured here, and trusts none that cannot be read', async () => {
      capped(1)
      store.put(semaphoreKey('old'), '{"total_slots":1,"holders":["x"]}')
      expect((await lock('a', 'm'))()).to.equal('total_full')
      store.put(semaphoreKey('old'), 'nonsense')
      expect((await lock('a', 'm'))()).to.equal('store_corrupt')
    })
  })
})
