import { expect } from 'chai'
import { MAX_AGE_MS, MAX_QUEUED } from '../../../lib/notify/bounds.js'
import type { Notification } from '../../../lib/notify/notification.js'
import { WebhookQueue, type Attempt } from '../../../lib/notify/webhook-queue.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { FakeClock } from '../../support/fake-clock.js'

const DELIVERED: Attempt = { outcome: 'delivered' }
const FAILED: Attempt = { outcome: 'failed', reason: 'it answered 500' }

const about = (id: string): Notification => ({
  eventId: `e-${id}`,
  type: 'granted',
  topics: ['granted'],
  group: 'g',
  id,
  at: '2026-01-05T00:00:00.000Z',
})

function createQueue() {
  const clock = new FakeClock()
  const { events, lines, metrics } = collectingEvents()
  const sent: string[] = []
  const settled: string[] = []
  let next: Attempt | Promise<Attempt> = DELIVERED
  const queue = new WebhookQueue({
    clock,
    events,
    webhook: { place: 'notify.webhook[0]', host: 'hooks' },
    send: (body) => {
      sent.push((JSON.parse(body) as { id: string }).id)
      return Promise.resolve(next)
    },
  })
  const push = (...ids: readonly string[]): void => {
    for (const id of ids) queue.push(about(id), (outcome) => settled.push(`${id} ${outcome}`))
  }
  const answer = (attempt: Attempt | Promise<Attempt>): void => {
    next = attempt
  }
  return { clock, lines, metrics, sent, settled, queue, push, answer }
}

describe('WebhookQueue', () => {
  it('delivers each once, in order', async () => {
    const { clock, sent, settled, push, queue } = createQueue()
    push('a', 'b')
    await clock.advance(0)
    expect(sent).to.deep.equal(['a', 'b'])
    expect(settled).to.deep.equal(['a delivered', 'b delivered'])
    expect(queue.length).to.equal(0)
  })

  it('tries again, ever more rarely, and warns once', async () => {
    const { clock, lines, sent, settled, push, answer } = createQueue()
    answer(FAILED)
    push('a', 'b')
    await clock.advance(60 * 60_000)
    expect(sent.length).to.be.within(60, 130)
    expect(new Set(sent)).to.deep.equal(new Set(['a']))
    answer(DELIVERED)
    await clock.advance(60_000)
    expect(settled).to.deep.equal(['a delivered', 'b delivered'])
    expect(lines.filter((line) => line.startsWith('level=warn'))).to.deep.equal([
      'level=warn msg="a webhook cannot be reached; trying again" webhook="notify.webhook[0]" host=hooks reason="it answered 500"',
    ])
    expect(lines.join()).to.include('can be reached again')
  })

  it('goes on with the next when the receiver refuses one', async () => {
    const { clock, settled, push, answer } = createQueue()
    answer({ outcome: 'refused', reason: 'it answered 404' })
    push('a')
    await clock.advance(0)
    answer(DELIVERED)
    push('b')
    await clock.advance(0)
    expect(settled).to.deep.equal(['a refused', 'b delivered'])
  })

  it('drops the oldest but the one that is being sent, counts it and logs it', async () => {
    const { clock, lines, metrics, settled, push, answer, queue } = createQueue()
    answer(new Promise(() => undefined))
    push('first', 'second')
    await clock.advance(0)
    for (let index = 0; index < MAX_QUEUED - 1; index++) push(`m${index}`)
    expect(settled).to.deep.equal(['second dropped'])
    expect(queue.length).to.equal(MAX_QUEUED)
    expect(lines.filter((line) => line.startsWith('level=error'))).to.have.length(1)
    expect(
      await metrics.registry.getSingleMetricAsString('airlock_notifications_total'),
    ).to.include('{event="granted",outcome="dropped"} 1')
    expect(
      await metrics.registry.getSingleMetricAsString('airlock_notification_queue_length'),
    ).to.match(/\{webhook="notify\.webhook\[0\]"\} 1000$/)
  })

  it('gives up what is older than a day', async () => {
    const { clock, settled, push, answer } = createQueue()
    answer(FAILED)
    push('a')
    await clock.advance(MAX_AGE_MS + 120_000)
    expect(settled).to.deep.equal(['a expired'])
  })

  it('closes during a pause, leaves the rest unsettled and no timer behind', async () => {
    const { clock, settled, push, answer, queue } = createQueue()
    answer(FAILED)
    push('a', 'b')
    await clock.advance(100)
    const closed = queue.close()
    await clock.advance(0)
    await closed
    expect(settled).to.deep.equal([])
    expect(clock.pending).to.equal(0)
    push('c')
    expect(queue.length).to.equal(0)
  })

  it('settles all when it is discarded', async () => {
    const { clock, settled, push, answer, queue } = createQueue()
    answer(FAILED)
    push('a', 'b')
    await clock.advance(100)
    const discarded = queue.discard()
    await clock.advance(0)
    await discarded
    expect([...settled].sort()).to.deep.equal(['a dropped', 'b dropped'])
  })

  it('drains until the receiver fails or the time is up', async () => {
    const { clock, push, answer, queue } = createQueue()
    answer(new Promise(() => undefined))
    push('a')
    let isDrained = false as boolean
    void queue.drain(3000).then(() => (isDrained = true))
    await clock.advance(2999)
    expect(isDrained).to.equal(false)
    await clock.advance(1)
    expect(isDrained).to.equal(true)
  })
})
