import { expect } from 'chai'
import type { Outcome } from '../../../lib/lock/batch.js'
import { GLOBAL_PAUSE_KEY, pauseKey, semaphoreKey } from '../../../lib/lock/keys.js'
import {
  LockManager,
  type GroupSettings,
  type LockSettings,
} from '../../../lib/lock/lock-manager.js'
import { PATIENT_CLIENT } from '../../../lib/lock/pending-request.js'
import { GROUPS_SELECTORS, readGroups } from '../../../lib/lock/store-poller.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { FakeClock } from '../../support/fake-clock.js'
import { MemoryStore } from '../../support/memory-store.js'

const kindOf = (outcome: Outcome): string =>
  outcome.outcome === 'refused' ? outcome.refusal.kind : outcome.outcome

describe('LockManager', () => {
  let clock: FakeClock
  let store: MemoryStore
  let manager: LockManager

  const source = 'config' as const
  const groups = (...names: string[]): GroupSettings[] =>
    names.map((name) => ({ name, slots: 1, waitTimeoutMs: 0 }))

  beforeEach(() => {
    clock = new FakeClock()
    store = new MemoryStore()
    const { events } = collectingEvents()
    manager = new LockManager(
      { groups: groups('a', 'b'), slotsSource: source, waitersMax: 1000 },
      {
        store,
        clock,
        events,
        timeoutMs: 3000,
        by: 'airlock@here',
        watchStore: () => () => undefined,
      },
    )
  })

  async function poll(): Promise<void> {
    manager.observe(readGroups(await store.read(GROUPS_SELECTORS)))
    await clock.advance(100)
  }

  async function lock(group: string, id: string): Promise<string> {
    const outcome = manager.lock({ group, id }, PATIENT_CLIENT)
    await clock.advance(100)
    return kindOf(await outcome)
  }

  async function unlock(group: string, id: string): Promise<string> {
    const outcome = manager.unlock({ group, id }, PATIENT_CLIENT)
    await clock.advance(100)
    return kindOf(await outcome)
  }

  it('keeps groups apart', async () => {
    expect(await lock('a', 'm')).to.equal('acquired')
    expect(await lock('b', 'm')).to.equal('acquired')
    expect(await lock('a', 'n')).to.equal('semaphore_full')
  })

  it('grants nothing in a group that is not configured, whatever the store has', async () => {
    store.put(semaphoreKey('old'), '{"total_slots":1,"holders":[]}')
    await poll()
    expect(await lock('old', 'm')).to.equal('unknown_group')
  })

  it('takes back a slot of a group that is only in the store', async () => {
    store.put(semaphoreKey('old'), '{"total_slots":1,"holders":["m"]}')
    await poll()
    expect(await unlock('old', 'm')).to.equal('released')
    expect(await unlock('old', 'm')).to.equal('not-held')
    expect(store.get(semaphoreKey('old'))).to.equal('{"total_slots":1,"holders":[]}')
  })

  it('does not know a group that is neither configured nor in the store', async () => {
    await poll()
    expect(await unlock('nowhere', 'm')).to.equal('unknown_group')
  })

  it('does not say that a group is unknown before it has seen the store', async () => {
    expect(await unlock('nowhere', 'm')).to.equal('store_unavailable')
  })

  it('serves a group that a reload adds, and one that it removes only for releases', async () => {
    expect(await lock('a', 'm')).to.equal('acquired')
    manager.configure({ groups: groups('b', 'c'), slotsSource: source, waitersMax: 1000 })
    expect(await lock('c', 'm')).to.equal('acquired')
    expect(await lock('a', 'm')).to.equal('unknown_group')
    expect(await unlock('a', 'm')).to.equal('released')
  })

  it('answers at once who waits in a group that a reload removes', async () => {
    const [waiting] = groups('a').map((group) => ({ ...group, waitTimeoutMs: 60_000 }))
    manager.configure({ groups: [waiting], slotsSource: source, waitersMax: 10 } as LockSettings)
    await lock('a', 'm')
    const waits = manager.lock({ group: 'a', id: 'n' }, PATIENT_CLIENT)
    await clock.advance(100)
    manager.configure({ groups: groups('b'), slotsSource: source, waitersMax: 10 })
    await clock.advance(0)
    expect(kindOf(await waits)).to.equal('unknown_group')
  })

  it('applies slots that a reload changes while those from before are being applied', async () => {
    await lock('a', 'm')
    const slots = (count: number): void =>
      manager.configure({
        groups: groups('a').map((group) => ({ ...group, slots: count })),
        slotsSource: source,
        waitersMax: 10,
      })
    slots(2)
    store.onCommit = (apply) => {
      store.onCommit = undefined
      apply()
      slots(3)
    }
    await poll()
    await poll()
    expect(store.get(semaphoreKey('a'))).to.equal('{"total_slots":3,"holders":["m"]}')
  })

  it('applies the slots that a reload changes', async () => {
    expect(await lock('a', 'm')).to.equal('acquired')
    expect(await lock('a', 'n')).to.equal('semaphore_full')
    manager.configure({
      groups: [{ name: 'a', slots: 2, waitTimeoutMs: 0 }],
      slotsSource: source,
      waitersMax: 1000,
    })
    expect(await lock('a', 'n')).to.equal('acquired')
    expect(store.get(semaphoreKey('a'))).to.equal('{"total_slots":2,"holders":["m","n"]}')
  })

  it('grants nothing in a paused group, but confirms holders and takes slots back', async () => {
    expect(await lock('a', 'm')).to.equal('acquired')
    manager.configure({
      groups: [{ name: 'a', slots: 2, waitTimeoutMs: 0 }, ...groups('b')],
      slotsSource: source,
      waitersMax: 1000,
    })
    store.put(pauseKey('a'), '{"reason":"upgrade","since":"2026-01-05T00:00:00Z","by":"eve@desk"}')
    expect(await lock('a', 'n')).to.equal('paused')
    expect(await lock('a', 'm')).to.equal('already-held')
    expect(await unlock('a', 'm')).to.equal('released')
    expect(await lock('b', 'm')).to.equal('acquired')
  })

  it('grants nothing anywhere while everything is paused, even by a record that nobody can read', async () => {
    await poll()
    store.put(GLOBAL_PAUSE_KEY, 'not JSON')
    expect(await lock('a', 'm')).to.equal('paused')
    expect(await lock('b', 'm')).to.equal('paused')
  })

  it('notices a pause that came after the last read, at the grant', async () => {
    expect(await lock('a', 'm')).to.equal('acquired')
    expect(await unlock('a', 'm')).to.equal('released')
    store.put(pauseKey('a'), '{"reason":"now","since":"","by":""}')
    store.reads = 0
    expect(await lock('a', 'm')).to.equal('paused')
    expect(store.reads).to.equal(0)
  })
})
