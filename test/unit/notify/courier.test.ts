import { expect } from 'chai'
import { Claims } from '../../../lib/notify/claims.js'
import { Courier } from '../../../lib/notify/courier.js'
import type { Announcement, NotificationType } from '../../../lib/notify/notification.js'
import { WebhookQueue, type Attempt } from '../../../lib/notify/webhook-queue.js'
import { notificationKey } from '../../../lib/lock/keys.js'
import { StoreError } from '../../../lib/store/store-error.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { FakeClock } from '../../support/fake-clock.js'
import { MemoryStore } from '../../support/memory-store.js'

const announcement = (name: string, ...topics: readonly NotificationType[]): Announcement => ({
  name,
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
    return { clock, courier, sent, lines, fail }
  }

  it('tells what a webhook wants once it is claimed', async () => {
    const store = new MemoryStore()
    const { clock, courier, sent } = create(store)
    courier.offer(announcement('a', 'stale'))
    await clock.advance(0)
    expect(sent).to.deep.equal([`a/${store.revisionOf(notificationKey('a'))}`])
  })

  it('claims nothing that no webhook wants', async () => {
    const store = new MemoryStore()
    const { clock, courier } = create(store)
    courier.offer(announcement('a', 'granted'))
    await clock.advance(0)
    expect(store.commits).to.equal(0)
  })

  it('leaves it to the replica that was faster', async () => {
    const store = new MemoryStore()
    const [one, two] = [create(store), create(store)]
    one.courier.offer(announcement('a', 'stale'))
    two.courier.offer(announcement('a', 'stale'))
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
    courier.offer(announcement('a', 'stale'))
    await clock.advance(0)
    expect(sent).to.deep.equal([])
    await clock.advance(5000)
    expect(sent).to.have.length(1)
  })

  it('gives back at a stop what it could not tell, for whoever comes next', async () => {
    const store = new MemoryStore()
    const one = create(store)
    one.fail()
    one.courier.offer(announcement('a', 'stale'))
    await one.clock.advance(100)
    expect(store.get(notificationKey('a'))).to.not.equal(undefined)
    const stopped = one.courier.stop()
    await one.clock.advance(0)
    await stopped
    expect(store.get(notificationKey('a'))).to.equal(undefined)
    expect(one.lines.join()).to.include('this server stops')
    const two = create(store)
    two.courier.offer(announcement('a', 'stale'))
    await two.clock.advance(0)
    expect(two.sent).to.have.length(1)
  })

  it('does not wait for its turn when it stops, and leaves no timer behind', async () => {
    const store = new MemoryStore()
    const { clock, courier, sent } = create(store)
    courier.offer(announcement('a', 'stale'), 10_000)
    const stopped = courier.stop()
    await clock.advance(0)
    await stopped
    expect([sent.length, store.commits, clock.pending]).to.deep.equal([0, 0, 0])
  })
})
