import { expect } from 'chai'
import type { WebhookSettings } from '../../../lib/config/settings.js'
import { Notifications } from '../../../lib/daemon/notifications.js'
import { DRAIN_MS } from '../../../lib/notify/bounds.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { eventually } from '../../support/eventually.js'
import { FakeClock } from '../../support/fake-clock.js'
import { MemoryStore } from '../../support/memory-store.js'
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js'

const AT = '2026-01-05T12:00:00.000Z'

describe('Notifications', () => {
  let receiver: WebhookReceiver
  let clock: FakeClock
  let notifications: Notifications | undefined

  beforeEach(async () => {
    clock = new FakeClock(Date.parse(AT))
    receiver = await startWebhookReceiver()
  })

  afterEach(async () => {
    const stopped = notifications?.stop()
    // A silent receiver is not waited for any longer.
    await clock.advance(DRAIN_MS)
    await stopped
    await receiver.close()
  })

  const webhookFor = (...events: WebhookSettings['events']): WebhookSettings => ({
    url: receiver.url,
    events,
    timeoutMs: 5000,
  })

  function create(...webhooks: readonly WebhookSettings[]) {
    const store = new MemoryStore()
    const { events, metrics, lines } = collectingEvents()
    const configure = (...those: readonly WebhookSettings[]) => ({
      refusedForLongerThanMinutes: 60,
      webhooks: those,
    })
    const created = new Notifications(configure(...webhooks), {
      store,
      clock,
      events,
      timeoutMs: 1000,
      by: 'airlock@here',
    })
    notifications = created
    /** Each queue's gauge. */
    const lengths = async (): Promise<readonly string[]> => {
      const name = 'airlock_notification_queue_length'
      const text = await metrics.registry.getSingleMetricAsString(name)
      return text
        .split('\n')
        .flatMap((line) => /webhook="notify\.(.*)"\} (.*)$/.exec(line)?.slice(1).join(' ') ?? [])
    }
    const grant = (revision: number): void =>
      created.changed({
        group: 'g',
        revision,
        at: AT,
        by: 'airlock@here',
        changes: [{ type: 'granted', id: 'a' }],
      })
    return {
      store,
      lines,
      lengths,
      grant,
      notifications: created,
      reload: (...those: readonly WebhookSettings[]) => created.configure(configure(...those)),
    }
  }

  describe('at a reload', () => {
    it('call a webhook that stays by its new place, and show its queue at once', async () => {
      receiver.behave('silent')
      const [first, second] = [webhookFor('stale'), webhookFor('granted')]
      const { lengths, grant, lines, reload } = create(first, second)
      expect(await lengths()).to.deep.equal(['webhook[0] 0', 'webhook[1] 0'])
      grant(1)
      await clock.advance(0)
      expect(await lengths()).to.deep.equal(['webhook[0] 0', 'webhook[1] 1'])
      reload(second)
      expect(await lengths()).to.deep.equal(['webhook[0] 1'])
      await eventually(() => expect(receiver.received).to.have.length(1))
      await clock.advance(5000)
      await eventually(() => expect(lines.join('\n')).to.include('cannot be reached'))
      expect(lines.join('\n')).to.include('webhook="notify.webhook[0]"')
      expect(lines.join('\n')).to.not.include('webhook[1]')
    })

    it('keep the queue of who has the place of a webhook that is gone', async () => {
      receiver.behave('silent')
      const [first, second] = [webhookFor('stale', 'granted'), webhookFor('granted')]
      const { lengths, grant, reload } = create(first, second)
      grant(1)
      grant(2)
      await clock.advance(0)
      reload(second)
      // What the first one was being told has ended by then.
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(await lengths()).to.deep.equal(['webhook[0] 2'])
    })
  })
})
