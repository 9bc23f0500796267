import { expect } from 'chai'
import { OrphanSweeps } from '../../../lib/daemon/orphan-sweeps.js'
import { holderKey, semaphoreKey } from '../../../lib/lock/keys.js'
import { StoreError } from '../../../lib/store/store-error.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { FakeClock } from '../../support/fake-clock.js'
import { MemoryStore } from '../../support/memory-store.js'

const INTERVAL_MS = 5 * 60_000

describe('OrphanSweeps', () => {
  function setUp(...names: readonly string[]) {
    const clock = new FakeClock()
    const store = new MemoryStore()
    const { events, lines } = collectingEvents()
    const groups = names.map((name) => ({ name }))
    const sweeps = new OrphanSweeps({
      store,
      clock,
      events,
      timeoutMs: 1000,
      groups: () => groups,
    })
    for (const name of names) store.put(semaphoreKey(name), '{"total_slots":1,"holders":[]}')
    return {
      clock,
      store,
      lines,
      groups,
      sweeps,
      leave: (group: string) => store.put(holderKey(group, 'a'), '{}'),
      hasLeft: (group: string) => store.get(holderKey(group, 'a')) !== undefined,
    }
  }

  it('sweep all groups, not at once but every five minutes', async () => {
    const { clock, store, sweeps, leave, hasLeft } = setUp('g', 'h')
    leave('g')
    leave('h')
    sweeps.start()
    await clock.advance(INTERVAL_MS - 1)
    expect(store.reads).to.equal(0)
    await clock.advance(1)
    expect([store.reads, hasLeft('g'), hasLeft('h')]).to.deep.equal([2, false, false])
    leave('h')
    await clock.advance(INTERVAL_MS - 1)
    expect(hasLeft('h')).to.equal(true)
    await clock.advance(1)
    expect([store.reads, hasLeft('h')]).to.deep.equal([4, false])
  })

  it('sweep the groups that are configured by then', async () => {
    const { clock, groups, sweeps, leave, hasLeft } = setUp('g')
    leave('later')
    sweeps.start()
    await clock.advance(INTERVAL_MS)
    expect(hasLeft('later')).to.equal(true)
    groups.push({ name: 'later' })
    await clock.advance(INTERVAL_MS)
    expect(hasLeft('later')).to.equal(false)
  })

  it('go on at the next time after the store has failed, and tell why they could not', async () => {
    const { clock, store, lines, sweeps, leave, hasLeft } = setUp('g')
    leave('g')
    sweeps.start()
    store.onRead = () => Promise.reject(new StoreError('unavailable', 'down'))
    await clock.advance(INTERVAL_MS)
    expect([hasLeft('g'), clock.pending]).to.deep.equal([true, 1])
    expect(lines).to.deep.equal(['level=debug msg="consistency check failed" reason=down'])
    store.onRead = undefined
    await clock.advance(INTERVAL_MS)
    expect(hasLeft('g')).to.equal(false)
  })

  it('wait for a slow one before the next', async () => {
    const { clock, store, sweeps } = setUp('g')
    let finish = (): void => undefined
    store.onRead = () => new Promise((resolve) => (finish = resolve))
    sweeps.start()
    await clock.advance(3 * INTERVAL_MS)
    expect([store.reads, clock.pending]).to.deep.equal([1, 0])
    finish()
    await clock.advance(INTERVAL_MS)
    expect(store.reads).to.equal(2)
  })

  it('read nothing after they are stopped, and leave no timer', async () => {
    const { clock, store, sweeps } = setUp('g')
    sweeps.start()
    await clock.advance(INTERVAL_MS)
    sweeps.stop()
    await clock.advance(3 * INTERVAL_MS)
    expect([store.reads, clock.pending]).to.deep.equal([1, 0])
  })

  it('go on to no other group when they are stopped meanwhile', async () => {
    const { clock, store, sweeps } = setUp('g', 'h')
    let finish = (): void => undefined
    store.onRead = () => new Promise((resolve) => (finish = resolve))
    sweeps.start()
    await clock.advance(INTERVAL_MS)
    sweeps.stop()
    finish()
    await clock.advance(3 * INTERVAL_MS)
    expect([store.reads, clock.pending]).to.deep.equal([1, 0])
  })
})
