import { expect } from 'chai'
import { RebootCalendar } from '../../../lib/calendar/reboot-calendar.js'
import { StaleChecker } from '../../../lib/checker/stale-checker.js'
import { cooldownKey, eventKey, holderKey, pauseKey, semaphoreKey } from '../../../lib/lock/keys.js'
import { readHolders } from '../../../lib/lock/read-holders.js'
import { StorePoller } from '../../../lib/lock/store-poller.js'
import { CalendarState } from '../../../lib/status/calendar-state.js'
import { LiveStatus } from '../../../lib/status/live-status.js'
import type { RefusedMachine } from '../../../lib/lock/refused-machines.js'
import type { Replica, StatusGroup } from '../../../lib/status/replica.js'
import type { GroupReport, StatusReport } from '../../../lib/status/status-report.js'
import { StoreError } from '../../../lib/store/store-error.js'
import { FakeClock } from '../../support/fake-clock.js'
import { MemoryStore } from '../../support/memory-store.js'

const START = Date.UTC(2026, 0, 5, 12)
const NOON = '2026-01-05T12:00:00.000Z'
const BEFORE = '2026-01-05T10:59:59.000Z'
const PAUSE = { reason: 'incident 7', since: NOON, by: 'eve@laptop' }

const group = (name: string, slots: number): StatusGroup => ({
  name,
  slots,
  calendar: new CalendarState(new RebootCalendar({})),
})

/** What an idle, configured group is shown as. */
function idle(name: string, slots: number): GroupReport {
  return {
    name,
    configured: true,
    slots,
    configured_slots: slots,
    held: 0,
    free: slots,
    stale: 0,
    paused: null,
    problem: null,
    cooldown: null,
    holders: [],
    waiting: 0,
    waiters: [],
    refused: [],
    calendar: null,
    gates: [],
  }
}

describe('LiveStatus', () => {
  let clock: FakeClock
  let store: MemoryStore
  let checker: StaleChecker
  let poller: StorePoller
  let replica: { -readonly [K in keyof Replica]: Replica[K] }
  let status: LiveStatus
  let isAttentive: boolean

  beforeEach(() => {
    clock = new FakeClock(START)
    store = new MemoryStore()
    checker = new StaleChecker([{ name: 'web', staleAfterMinutes: 60 }], clock)
    isAttentive = false
    replica = {
      host: 'here',
      version: '1.2.3',
      waitersOf: () => ({ waiting: 0, first: [] }),
      gatesOf: () => [],
      ageOf: (hold) => checker.ageOf(hold),
      nameOf: (id) => (id === 'a' ? 'db-1' : undefined),
      refused: () => [],
    }
    status = new LiveStatus(
      { groups: [group('web', 2), group('lab', 1)] },
      {
        store,
        clock,
        timeoutMs: 3000,
        replica,
        watchStore: () => {
          isAttentive = true
          const cancel = poller.watch()
          return () => {
            isAttentive = false
            cancel()
          }
        },
      },
    )
    poller = new StorePoller({
      store,
      clock,
      timeoutMs: 3000,
      onSnapshot: (snapshot) => status.observe(snapshot),
      onFailure: (error) => status.storeFailed(error),
    })
  })

  afterEach(async () => {
    await poller.stop()
    status.stop()
    expect(clock.pending).to.equal(0)
  })

  function hold(slots: number, holders: readonly string[], name = 'web'): void {
    store.put(semaphoreKey(name), JSON.stringify({ total_slots: slots, holders }))
  }

  const record = (id: string, since: string): void =>
    store.put(holderKey('web', id), JSON.stringify({ since, by: 'airlock@there' }))

  async function groupNamed(name: string): Promise<GroupReport | undefined> {
    return (await status.read()).groups.find((each) => each.name === name)
  }

  /** Fails every read, without losing time, until the returned function is called. */
  function breakStore(): () => void {
    store.onRead = () => {
      throw new StoreError('unavailable', 'nothing listens')
    }
    return () => (store.onRead = undefined)
  }

  describe('a report', () => {
    it('has all that is stored, at one revision', async () => {
      hold(2, ['a', 'b'])
      record('a', BEFORE)
      hold(1, [], 'old')
      store.put('com.coreos.airlock/pause/v1', JSON.stringify(PAUSE))
      store.put(pauseKey('web'), JSON.stringify(PAUSE))
      store.put(cooldownKey('web'), JSON.stringify({ since: NOON, seconds: 60 }))
      store.put(
        eventKey('web', 1),
        JSON.stringify({
          at: BEFORE,
          by: 'airlock@there',
          changes: [{ type: 'granted', id: 'a' }],
        }),
      )
      store.endpoints = [
        { endpoint: 'http://one:2379', latencyMs: 1.2345 },
        { endpoint: 'http://two:2379', error: 'nothing listens' },
      ]
      const expected: StatusReport = {
        version: 1,
        at: NOON,
        replica: { host: 'here', version: '1.2.3' },
        store: {
          description: 'memory',
          reachable: true,
          revision: 8,
          seen_at: NOON,
          latency_ms: 0,
          last_error: null,
          endpoints: [
            { endpoint: 'http://one:2379', answers: true, latency_ms: 1.2, error: null },
            {
              endpoint: 'http://two:2379',
              answers: false,
              latency_ms: null,
              error: 'nothing listens',
            },
          ],
        },
        paused: PAUSE,
        cap: null,
        groups: [
          idle('lab', 1),
          { ...idle('old', 1), configured: false, configured_slots: null },
          {
            ...idle('web', 2),
            held: 2,
            free: 0,
            stale: 1,
            paused: PAUSE,
            cooldown: { since: NOON, seconds: 60 },
            holders: [
              {
                id: 'a',
                name: 'db-1',
                since: BEFORE,
                by: 'airlock@there',
                held_seconds: 3601,
                stale: true,
              },
              { id: 'b', name: null, since: null, by: null, held_seconds: null, stale: false },
            ],
          },
        ],
        timeline: [
          { group: 'web', id: 'b', name: null, from: null, to: null, ended: null },
          { group: 'web', id: 'a', name: 'db-1', from: BEFORE, to: null, ended: null },
        ],
      }
      expect(await status.read()).to.deep.equal(expected)
    })

    it('has what this replica knows by itself', async () => {
      replica.waitersOf = (name, count) => {
        const refusal = { kind: 'semaphore_full', totalSlots: 1, holders: 1 } as const
        const waiters = Array.from({ length: 300 }, (_, n) => ({
          id: `w${n}`,
          since: START,
          refusal,
        }))
        return name === 'web' ? { waiting: 300, first: waiters.slice(0, count) } : NOBODY
      }
      replica.refused = () => [
        {
          identity: { group: 'lab', id: 'a' },
          since: START - 1000,
          at: START,
          forMs: 1000,
          refusal: { kind: 'cooldown', seconds: 5, until: null },
        },
      ]
      const gate = { gate: 'prometheus', since: null, asked_at: null, reason: null } as const
      replica.gatesOf = (name) => (name === 'lab' ? [{ ...gate, state: 'not_asked' }] : [])
      const [lab, web] = (await status.read()).groups
      expect(lab).to.deep.equal({
        ...idle('lab', 1),
        refused: [
          {
            id: 'a',
            name: 'db-1',
            since: '2026-01-05T11:59:59.000Z',
            at: NOON,
            kind: 'failed_lock_cooldown',
            reason: 'a machine of this group was released less than 5 seconds ago',
          },
        ],
        gates: [{ ...gate, state: 'not_asked' }],
      })
      expect([web?.waiting, web?.waiters.length, web?.waiters[0]]).to.deep.equal([
        300,
        200,
        { id: 'w0', name: null, since: NOON, reason: 'all 1 semaphore slots currently locked' },
      ])
    })

    it('does not show as refused who holds by now, of that group', async () => {
      hold(2, ['a'])
      const refused = (group: string, id: string): RefusedMachine => ({
        identity: { group, id },
        since: START,
        at: START,
        forMs: 0,
        refusal: { kind: 'cooldown', seconds: 5, until: null },
      })
      replica.refused = () => [refused('web', 'a'), refused('web', 'b'), refused('lab', 'a')]
      const { groups } = await status.read()
      expect(groups.map(({ refused: shown }) => shown.map(({ id }) => id))).to.deep.equal([
        ['a'],
        ['b'],
      ])
    })

    it('counts what all groups hold against the cap', async () => {
      hold(2, ['a', 'b'])
      hold(1, ['c'], 'old')
      expect((await status.read()).cap).to.equal(null)
      status.configure({ groups: [group('web', 2)], totalSlotsMax: 5 })
      await clock.advance(200)
      expect((await status.read()).cap).to.deep.equal({ slots: 5, held: 3 })
    })

    it('counts no slot as free where more are held than there are', async () => {
      hold(1, ['a', 'b'])
      expect((await groupNamed('web'))?.free).to.equal(0)
    })

    it('shows a document that cannot be read as a problem', async () => {
      store.put(semaphoreKey('web'), 'x')
      const web = await groupNamed('web')
      expect([web?.slots, web?.problem?.startsWith(semaphoreKey('web'))]).to.deep.equal([0, true])
    })

    it('knows holders of unknown age by how long they have been seen', async () => {
      hold(2, ['b'])
      checker.judge(await readHolders(store, 3000))
      await clock.advance(60 * 60_000)
      const web = await groupNamed('web')
      expect([web?.stale, web?.holders[0]?.held_seconds, web?.holders[0]?.since]).to.deep.equal([
        1,
        3600,
        null,
      ])
    })
  })

  describe('the cost', () => {
    it('is one read of the store for all who ask within half a second', async () => {
      await Promise.all(Array.from({ length: 50 }, () => status.read()))
      await clock.advance(499)
      await status.read()
      expect(store.reads).to.equal(1)
      await clock.advance(1)
      await status.read()
      expect(store.reads).to.equal(2)
    })

    it('is none for a change that this replica knows of by itself', async () => {
      await status.read()
      status.noteChange()
      await clock.advance(200)
      replica.version = '2'
      expect((await status.read()).replica.version).to.equal('2')
      expect(store.reads).to.equal(1)
    })

    it('is bounded while changes come in a flood', async () => {
      for (let passed = 0; passed < 1000; passed += 10) {
        status.noteStoreChange()
        await status.read()
        await clock.advance(10)
      }
      expect(store.reads).to.equal(5)
    })
  })

  describe('while the store cannot be reached', () => {
    it('shows what was seen last, and since when', async () => {
      hold(2, ['a'])
      await status.read()
      const repair = breakStore()
      await clock.advance(10_000)
      const { store: seen, groups } = await status.read()
      expect(seen).to.deep.include({
        reachable: false,
        revision: 2,
        seen_at: NOON,
        last_error: { at: '2026-01-05T12:00:10.000Z', reason: 'nothing listens' },
      })
      expect(groups.find(({ name }) => name === 'web')?.held).to.equal(1)
      repair()
      await clock.advance(500)
      const after = (await status.read()).store
      expect([after.reachable, after.last_error?.reason]).to.deep.equal([true, 'nothing listens'])
    })

    it('asks the endpoints again at once', async () => {
      store.endpoints = [{ endpoint: 'http://one:2379', latencyMs: 1 }]
      expect((await status.read()).store.endpoints[0]?.answers).to.equal(true)
      store.endpoints = [{ endpoint: 'http://one:2379', error: 'gone' }]
      const repair = breakStore()
      await clock.advance(500)
      expect((await status.read()).store.endpoints[0]?.answers).to.equal(false)
      store.endpoints = [{ endpoint: 'http://one:2379', latencyMs: 1 }]
      repair()
      await clock.advance(500)
      expect((await status.read()).store.endpoints[0]?.answers).to.equal(true)
    })

    it('shows the groups as configured before the first look, and not who holds', async () => {
      breakStore()
      status.configure({ groups: [group('web', 2), group('lab', 1)], totalSlotsMax: 5 })
      const { store: seen, groups, cap } = await status.read()
      const unknown = { held: null, free: null, stale: null }
      expect(groups).to.deep.equal([
        { ...idle('lab', 1), ...unknown },
        { ...idle('web', 2), ...unknown },
      ])
      expect(cap).to.deep.equal({ slots: 5, held: null })
      expect([seen.revision, seen.seen_at, seen.latency_ms]).to.deep.equal([null, null, null])
    })
  })

  describe('once it is started', () => {
    const heldNow = async (): Promise<unknown> => (await groupNamed('web'))?.held

    it('knows what was there although nobody has asked before the store was gone', async () => {
      hold(2, ['a'])
      status.start()
      poller.start()
      await clock.advance(16_000)
      breakStore()
      await clock.advance(1000)
      const { store: seen, groups } = await status.read()
      // The last poll that succeeded.
      expect([seen.reachable, seen.seen_at]).to.deep.equal([false, '2026-01-05T12:00:15.000Z'])
      expect(groups.find(({ name }) => name === 'web')?.holders[0]?.id).to.equal('a')
    })

    it("looks after this replica's own commits, without a poll", async () => {
      hold(2, ['a'])
      status.start()
      status.noteStoreChange()
      await clock.advance(250)
      breakStore()
      await clock.advance(1000)
      expect(await heldNow()).to.equal(1)
    })

    it('reads nothing by itself while nothing changes, and every 5 seconds at most', async () => {
      hold(2, ['a'])
      status.start()
      poller.start()
      await clock.advance(1000)
      expect(store.reads).to.equal(2)
      await clock.advance(60_000)
      // Four polls.
      expect(store.reads).to.equal(6)
      await poller.stop()
      for (let passed = 0; passed < 10_000; passed += 100) {
        status.noteStoreChange()
        await clock.advance(100)
      }
      expect(store.reads).to.be.within(8, 9)
    })

    it('tries again after a look that failed', async () => {
      hold(2, ['a'])
      status.start()
      const repair = breakStore()
      status.noteStoreChange()
      await clock.advance(250)
      repair()
      poller.start()
      await clock.advance(5000)
      breakStore()
      await clock.advance(500)
      expect(await heldNow()).to.equal(1)
    })
  })

  describe('watching', () => {
    /** Counts calls from the first quiet moment on. */
    async function watch() {
      let calls = 0
      const cancel = status.watch(() => (calls += 1))
      poller.start()
      await status.read()
      await clock.advance(1000)
      calls = 0
      return { calls: () => calls, cancel }
    }

    it('polls attentively exactly while anybody watches', () => {
      const [first, second] = [status.watch(() => undefined), status.watch(() => undefined)]
      expect(isAttentive).to.equal(true)
      first()
      first()
      expect(isAttentive).to.equal(true)
      second()
      expect(isAttentive).to.equal(false)
    })

    it('calls a callback once for each time that it watches', async () => {
      let calls = 0
      const onChange = (): void => void (calls += 1)
      const [first, second] = [status.watch(onChange), status.watch(onChange)]
      status.noteChange()
      await clock.advance(250)
      expect(calls).to.equal(2)
      first()
      status.noteChange()
      await clock.advance(250)
      expect(calls).to.equal(3)
      second()
    })

    it('says nothing while nothing changes, also where others write to the store', async () => {
      const { calls, cancel } = await watch()
      store.put('another/application', '1')
      await clock.advance(20_000)
      expect(calls()).to.equal(0)
      cancel()
    })

    for (const [what, change] of [
      [
        'holders',
        (it: MemoryStore) => it.put(semaphoreKey('web'), '{"total_slots":2,"holders":["a"]}'),
      ],
      [
        'a cooldown',
        (it: MemoryStore) =>
          it.put(cooldownKey('web'), JSON.stringify({ since: NOON, seconds: 9 })),
      ],
      ['a pause', (it: MemoryStore) => it.put(pauseKey('web'), JSON.stringify(PAUSE))],
      [
        'a pause of all',
        (it: MemoryStore) => it.put('com.coreos.airlock/pause/v1', JSON.stringify(PAUSE)),
      ],
    ] as const) {
      it(`tells of ${what} within a second, and what is read then shows it`, async () => {
        let shown: unknown
        hold(2, [])
        const { cancel } = await watch()
        const before = JSON.stringify((await status.read()).groups)
        const pausedBefore = (await status.read()).paused
        const also = status.watch(() => {
          void status.read().then(({ groups, paused }) => {
            shown = JSON.stringify(groups) !== before || paused !== pausedBefore
          })
        })
        change(store)
        await clock.advance(1000)
        expect(shown).to.equal(true)
        also()
        cancel()
      })
    }

    it('tells of a change that this replica knows of, four times a second at most', async () => {
      const { calls, cancel } = await watch()
      for (let passed = 0; passed < 1000; passed += 10) {
        status.noteChange()
        await clock.advance(10)
      }
      expect(calls()).to.equal(4)
      cancel()
      status.noteChange()
      await clock.advance(1000)
      expect(calls()).to.equal(4)
    })

    it('never lets an answer from before a change pass for the news', async () => {
      const { cancel } = await watch()
      for (let offset = 0; offset <= 500; offset += 50) {
        await clock.advance(5000 + offset)
        let shown: string | undefined
        const also = status.watch(() => {
          void status.read().then((report) => (shown = report.replica.version))
        })
        await status.read()
        await clock.advance(offset % 250)
        replica.version = String(offset)
        status.noteChange()
        await clock.advance(600)
        expect(shown).to.equal(String(offset))
        also()
      }
      cancel()
    })

    it('tells once more when a change comes while an answer takes long', async () => {
      const { cancel } = await watch()
      await poller.stop()
      let release = (): void => undefined
      let isSlow = true
      store.onRead = (look) => {
        if (!isSlow) return
        isSlow = false
        look()
        return new Promise<void>((resolve) => (release = resolve))
      }
      await clock.advance(1000)
      let last: number | null | undefined
      const also = status.watch(() => {
        void groupNamed('web').then((web) => (last = web?.held))
      })
      // This look began before the change, and ends after the call that tells of it.
      const slow = status.read()
      await clock.advance(10)
      hold(2, ['a'])
      status.noteStoreChange()
      await clock.advance(600)
      release()
      expect((await slow).groups.find(({ name }) => name === 'web')?.held).to.equal(0)
      await clock.advance(1)
      expect(last).to.equal(0)
      await clock.advance(1000)
      expect(last).to.equal(1)
      also()
      cancel()
    })

    it('tells when the store is lost, and when it is back', async () => {
      const { calls, cancel } = await watch()
      const repair = breakStore()
      await clock.advance(3000)
      expect(calls()).to.be.within(1, 2)
      expect((await status.read()).store.reachable).to.equal(false)
      const lost = calls()
      repair()
      await clock.advance(3000)
      expect(calls() - lost).to.be.within(1, 3)
      expect((await status.read()).store.reachable).to.equal(true)
      cancel()
    })

    it('finds out about endpoints and old holders by itself', async () => {
      hold(2, ['a'])
      record('a', NOON)
      store.endpoints = [{ endpoint: 'http://one:2379', latencyMs: 1 }]
      const { calls, cancel } = await watch()
      store.endpoints = [{ endpoint: 'http://one:2379', error: 'gone' }]
      await clock.advance(7000)
      expect(calls()).to.equal(1)
      store.endpoints = [{ endpoint: 'http://one:2379', error: 'gone for another reason' }]
      await clock.advance(7000)
      expect(calls()).to.equal(1)
      await clock.advance(60 * 60_000)
      expect(calls()).to.equal(2)
      cancel()
    })
  })
})

const NOBODY = { waiting: 0, first: [] }
