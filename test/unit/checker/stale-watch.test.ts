import { expect } from 'chai'
import { StaleWatch, type StaleSettings } from '../../../lib/checker/stale-watch.js'
import { holderKey, semaphoreKey } from '../../../lib/lock/keys.js'
import { StoreError } from '../../../lib/store/store-error.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { FakeClock } from '../../support/fake-clock.js'
import { MemoryStore } from '../../support/memory-store.js'

const START = Date.UTC(2026, 0, 5)
const MINUTE_MS = 60_000
const RULES: StaleSettings = { name: 'g', staleAfterMinutes: 60, cooldownSeconds: 0 }
const RELEASING = { ...RULES, staleRelease: { afterMinutes: 60, atMostPerDay: 5 } }

describe('StaleWatch', () => {
  let watch: StaleWatch | undefined
  let gate: true | string

  beforeEach(() => (gate = true))
  afterEach(() => watch?.stop())

  function start(settings: StaleSettings = RULES) {
    const clock = new FakeClock(START)
    const store = new MemoryStore()
    const { events, lines, metrics } = collectingEvents()
    const stale: string[] = []
    const uncertain: string[] = []
    watch = new StaleWatch([settings], {
      store,
      clock,
      events,
      timeoutMs: 1000,
      by: 'airlock@here',
      mayRelease: () => Promise.resolve(gate),
      onStale: ({ hold }) => stale.push(hold.id),
      onUncertain: (group, reason) => uncertain.push(`${group}: ${reason}`),
    })
    watch.start()
    const text = async (name: string): Promise<string> =>
      (await metrics.registry.getSingleMetricAsString(name)).split('\n').at(-1) ?? ''
    return { clock, store, lines, stale, uncertain, text, watch }
  }

  function hold(store: MemoryStore, ...ids: readonly string[]): void {
    store.put(semaphoreKey('g'), JSON.stringify({ total_slots: ids.length, holders: ids }))
    for (const id of ids) {
      store.put(holderKey('g', id), `{"since":"${new Date(START).toISOString()}","by":"x"}`)
    }
  }

  it('reports a stale holder once, and its age always', async () => {
    const { clock, store, lines, stale, text } = start()
    hold(store, 'a')
    await clock.advance(59 * MINUTE_MS)
    expect(stale).to.deep.equal([])
    expect(await text('airlock_oldest_holder_age_seconds')).to.match(/\{group="g"\} 3540$/)
    expect(await text('airlock_stale_holders')).to.match(/ 0$/)
    await clock.advance(61 * MINUTE_MS)
    expect(stale).to.deep.equal(['a'])
    expect(lines).to.deep.equal([
      'level=warn msg="a machine has held its slot for too long" group=g id=a since="2026-01-05T00:00:00.000Z" held_for_minutes=60',
    ])
    expect(await text('airlock_stale_holders')).to.match(/\{group="g"\} 1$/)
    store.put(semaphoreKey('g'), '{"total_slots":1,"holders":[]}')
    await clock.advance(MINUTE_MS)
    expect(await text('airlock_oldest_holder_age_seconds')).to.match(/ 0$/)
    expect(store.get(semaphoreKey('g'))).to.equal('{"total_slots":1,"holders":[]}')
  })

  it('never releases by itself', async () => {
    const { clock, store } = start()
    hold(store, 'a')
    await clock.advance(48 * 60 * MINUTE_MS)
    expect(store.commits).to.equal(0)
  })

  it('releases where the group says so, one at a look, and logs it as an error', async () => {
    const { clock, store, lines } = start(RELEASING)
    hold(store, 'a', 'b')
    await clock.advance(60 * MINUTE_MS)
    expect(store.get(semaphoreKey('g'))).to.equal('{"total_slots":2,"holders":["b"]}')
    await clock.advance(MINUTE_MS)
    expect(store.get(semaphoreKey('g'))).to.equal('{"total_slots":2,"holders":[]}')
    const released = lines.filter((line) => line.startsWith('level=error'))
    expect(released.join('\n')).to.match(/released a machine.* id=a .*\n.* id=b /)
  })

  it('is refused while a gate is closed, tells that once, and releases when it opens', async () => {
    const { clock, store, lines } = start(RELEASING)
    hold(store, 'a')
    gate = 'alerts are firing: Down'
    await clock.advance(90 * MINUTE_MS)
    expect(store.commits).to.equal(0)
    const told = lines.filter((line) => line.includes('is not released'))
    expect(told).to.have.length(1)
    expect(told[0]).to.include('reason="alerts are firing: Down"')
    gate = true
    await clock.advance(MINUTE_MS)
    expect(store.get(semaphoreKey('g'))).to.equal('{"total_slots":1,"holders":[]}')
  })

  it('says so where it is not known whether a release has happened', async () => {
    const { clock, store, lines, uncertain } = start(RELEASING)
    hold(store, 'a')
    store.onCommit = (apply) => {
      apply()
      throw new StoreError('unknown', 'no answer')
    }
    await clock.advance(60 * MINUTE_MS)
    expect(uncertain).to.deep.equal(['g: no answer'])
    const errors = lines.filter((line) => line.startsWith('level=error'))
    expect(errors.join('\n')).to.match(/^level=error .*may have been released.* id=a .*no answer/)
    expect(errors).to.have.length(1)
  })

  it('looks again soon after the store has failed', async () => {
    const { clock, store, stale } = start()
    hold(store, 'a')
    await clock.advance(59 * MINUTE_MS + 1)
    store.onRead = () => Promise.reject(new StoreError('unavailable', 'down'))
    await clock.advance(MINUTE_MS)
    store.onRead = undefined
    await clock.advance(5000)
    expect(stale).to.deep.equal(['a'])
  })

  it('takes other rules at once, at a reload', async () => {
    const { clock, store, stale, watch } = start()
    hold(store, 'a')
    await clock.advance(30 * MINUTE_MS + 1)
    watch.configure([{ ...RULES, staleAfterMinutes: 30 }])
    await clock.advance(0)
    expect(stale).to.deep.equal(['a'])
  })

  it('leaves no timer behind', async () => {
    const { clock, watch } = start()
    await clock.advance(MINUTE_MS)
    await watch.stop()
    expect(clock.pending).to.equal(0)
  })
})
