import { expect } from 'chai'
import { delay } from '../../../lib/calendar/clock.js'
import { MAX_UNCLAIMED } from '../../../lib/notify/bounds.js'
import { Claims } from '../../../lib/notify/claims.js'
import { Courier } from '../../../lib/notify/courier.js'
import type { Announcement, NotificationType } from '../../../lib/notify/notification.js'
import { WebhookQueue, type Attempt } from '../../../lib/notify/webhook-queue.js'
import { notificationKey } from '../../../lib/lock/keys.js'
import { StoreError } from '../../../lib/store/store-error.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { FakeClock } from '../../support/fake-clock.js'
import { MemoryStore } from '../../support/memory-store.js'

const inGroup = (group: string, name: string): Announcement => ({
  ...announcement(name, 'stale'),
  group,
})

const announcement = (name: string, ...topics: readonly NotificationType[]): Announcement => ({
  name,
  group: 'g',
  claimSeconds: 60,
  topics,
  notifications: (claim) =>
    topics.map((type) => ({
      eventId: `${name}/${claim}`,
      type,
      topics: [type],
      group: 'g',
      at: '2026-01-05T00:00:00.000Z',
    })),
})

describe('Courier', () => {
  const create = (store: MemoryStore, wanted: readonly NotificationType[] = ['stale']) => {
    const clock = new FakeClock()
    const { events, lines } = collectingEvents()
    const sent: string[] = []
    let attempt: Attempt = { outcome: 'delivered' }
    const queue = new WebhookQueue({
      clock,
      events,
      webhook: { place: 'notify.webhook[0]', host: 'hooks' },
      send: (body) => {
        sent.push((JSON.parse(body) as { event_id: string }).event_id)
        return Promise.resolve(attempt)
      },
    })
    const claims = new Claims({ store, timeoutMs: 1000, by: 'airlock@here' })
    const courier = new Courier({ clock, events, claims })
    courier.configure([{ events: wanted, queue }])
    const fail = (): void => {
      attempt = { outcome: 'failed', reason: 'down' }
    }
    /** Without the revisions of their claims. */
    const names = (): readonly string[] => sent.map((eventId) => eventId.split('/')[0] ?? '')
    return { clock, courier, sent, names, lines, fail }
  }

  it('tells what a webhook wants once it is claimed', async () => {
    const store = new MemoryStore()
    const { clock, courier, sent } = create(store)
    courier.offer([announcement('a', 'stale')])
    await clock.advance(0)
    expect(sent).to.deep.equal([`a/${store.revisionOf(notificationKey('a'))}`])
  })

  it('claims nothing that no webhook wants', async () => {
    const store = new MemoryStore()
    const { clock, courier } = create(store)
    courier.offer([announcement('a', 'granted')])
    await clock.advance(0)
    expect(store.commits).to.equal(0)
  })

  it('leaves it to the replica that was faster', async () => {
    const store = new MemoryStore()
    const [one, two] = [create(store), create(store)]
    one.courier.offer([announcement('a', 'stale')])
    two.courier.offer([announcement('a', 'stale')])
    await one.clock.advance(0)
    await two.clock.advance(0)
    expect([...one.sent, ...two.sent]).to.have.length(1)
  })

  it('claims again when the store has failed, also where the claim had succeeded', async () => {
    const store = new MemoryStore()
    const { clock, courier, sent } = create(store)
    store.onCommit = (apply) => {
      store.onCommit = undefined
      apply()
      throw new StoreError('unknown', 'timed out')
    }
    courier.offer([announcement('a', 'stale')])
    await clock.advance(0)
    expect(sent).to.deep.equal([])
    await clock.advance(5000)
    expect(sent).to.have.length(1)
  })

  it('gives back at a stop what it could not tell, for whoever comes next', async () => {
    const store = new MemoryStore()
    const one = create(store)
    one.fail()
    one.courier.offer([announcement('a', 'stale')])
    await one.clock.advance(100)
    expect(store.get(notificationKey('a'))).to.not.equal(undefined)
    const stopped = one.courier.stop()
    await one.clock.advance(0)
    await stopped
    expect(store.get(notificationKey('a'))).to.equal(undefined)
    expect(one.lines.join()).to.include('this server stops')
    const two = create(store)
    two.courier.offer([announcement('a', 'stale')])
    await two.clock.advance(0)
    expect(two.sent).to.have.length(1)
  })

  it('tells what concerns one group in order, however long a claim takes', async () => {
    const store = new MemoryStore()
    const { clock, courier, names } = create(store)
    store.onCommit = async () => {
      store.onCommit = undefined
      await delay(clock, 100)
    }
    courier.offer([announcement('a', 'stale'), announcement('b', 'stale')])
    courier.offer([announcement('c', 'stale'), inGroup('another', 'd')])
    await clock.advance(99)
    expect(names()).to.deep.equal(['d'])
    await clock.advance(1)
    expect(names()).to.deep.equal(['d', 'a', 'b', 'c'])
  })

  it('keeps the order where a claim fails and the next would not', async () => {
    const store = new MemoryStore()
    const { clock, courier, names } = create(store)
    store.onCommit = () => {
      store.onCommit = undefined
      throw new StoreError('unavailable', 'for a moment')
    }
    courier.offer(['a', 'b'].map((name) => announcement(name, 'stale')))
    await clock.advance(5000)
    expect(names()).to.deep.equal(['a', 'b'])
  })

  it('keeps the order through an outage of the store', async () => {
    const store = new MemoryStore()
    const { clock, courier, names } = create(store)
    store.onCommit = () => {
      throw new StoreError('unavailable', 'down')
    }
    courier.offer(['a', 'b', 'c', 'd'].map((name) => announcement(name, 'stale')))
    await clock.advance(10 * 60_000)
    store.onCommit = undefined
    await clock.advance(5000)
    expect(names()).to.deep.equal(['a', 'b', 'c', 'd'])
  })

  it('lets others pass what alone cannot be claimed, and goes on trying that', async () => {
    const store = new MemoryStore()
    const { clock, courier, names } = create(store)
    const broken = new Set([notificationKey('a')])
    store.onCommit = (_apply, { puts }) => {
      if (puts.some(({ key }) => broken.has(key))) throw new StoreError('unavailable', 'too bad')
    }
    courier.offer(['a', 'b', 'c', 'd'].map((name) => announcement(name, 'stale')))
    await clock.advance(15_000)
    expect([...names()].sort()).to.deep.equal(['b', 'c', 'd'])
    broken.clear()
    await clock.advance(5000)
    expect([...names()].sort()).to.deep.equal(['a', 'b', 'c', 'd'])
  })

  it('loses what comes while too many wait to be claimed, and says so', async () => {
    const store = new MemoryStore()
    const { clock, courier, sent, lines } = create(store)
    const many = (count: number, prefix: string) =>
      Array.from({ length: count }, (_, index) => announcement(`${prefix}${index}`, 'stale'))
    courier.offer(many(MAX_UNCLAIMED - 1, 'first'), 10_000)
    courier.offer(many(3, 'second'))
    expect(lines).to.deep.equal([
      'level=error msg="notifications are lost" count=2 reason="too many wait to be claimed"',
    ])
    await clock.advance(10_000)
    expect(sent).to.have.length(MAX_UNCLAIMED)
    courier.offer(many(1, 'third'))
    await clock.advance(0)
    expect(sent).to.have.length(MAX_UNCLAIMED + 1)
  })

  it('waits for as many groups as there are without a warning of Node.js', async () => {
    const warnings: string[] = []
    const note = ({ message }: Error): unknown => warnings.push(message)
    process.on('warning', note)
    try {
      const store = new MemoryStore()
      const { clock, courier } = create(store)
      store.onCommit = () => {
        throw new StoreError('unavailable', 'down')
      }
      for (let group = 0; group < 20; group++) {
        courier.offer([inGroup(`now${group}`, `now${group}`)])
        courier.offer([inGroup(`later${group}`, `later${group}`)], 10_000)
      }
      await clock.advance(100)
    } finally {
      process.off('warning', note)
    }
    expect(warnings).to.deep.equal([])
  })

  it('tells at a stop what it was offered before it', async () => {
    const store = new MemoryStore()
    const { clock, courier, names } = create(store)
    courier.offer(['a', 'b', 'c'].map((name) => announcement(name, 'stale')))
    const stopped = courier.stop()
    await clock.advance(0)
    await stopped
    expect(names()).to.deep.equal(['a', 'b', 'c'])
  })

  it('stops after the attempt that is under way while the store is down', async () => {
    const store = new MemoryStore()
    const { clock, courier } = create(store)
    store.onCommit = async () => {
      await delay(clock, 1000)
      throw new StoreError('unavailable', 'down')
    }
    courier.offer(['a', 'b', 'c'].map((name) => announcement(name, 'stale')))
    const stopped = courier.stop()
    await clock.advance(1000)
    await stopped
    expect([store.commits, clock.pending]).to.deep.equal([1, 0])
  })

  it('claims no more at a stop than it can tell in time', async () => {
    const store = new MemoryStore()
    const { clock, courier } = create(store)
    store.onCommit = () => delay(clock, 1000)
    courier.offer(['a', 'b', 'c', 'd', 'e'].map((name) => announcement(name, 'stale')))
    const stopped = courier.stop()
    await clock.advance(3000)
    await stopped
    expect(store.commits).to.equal(3)
  })

  it('does not wait for its turn when it stops, and leaves no timer behind', async () => {
    const store = new MemoryStore()
    const { clock, courier, sent } = create(store)
    courier.offer([announcement('a', 'stale')], 10_000)
    const stopped = courier.stop()
    await clock.advance(0)
    await stopped
    expect([sent.length, store.commits, clock.pending]).to.deep.equal([0, 0, 0])
  })
})
