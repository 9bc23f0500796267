import { expect } from 'chai'
import type { WebhookSettings } from '../../../lib/config/settings.js'
import { Notifications } from '../../../lib/daemon/notifications.js'
import { notificationKey } from '../../../lib/lock/keys.js'
import { DRAIN_MS } from '../../../lib/notify/bounds.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { eventually } from '../../support/eventually.js'
import { FakeClock } from '../../support/fake-clock.js'
import { MemoryStore } from '../../support/memory-store.js'
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js'

const MINUTE_MS = 60_000
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
    /** As the end of a lease does. */
    const forgetClaims = async (name: string): Promise<void> => {
      await store.commit({ unchanged: [], puts: [], deletes: [notificationKey(name)] })
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
      forgetClaims,
      grant,
      notifications: created,
      reload: (...those: readonly WebhookSettings[]) => created.configure(configure(...those)),
    }
  }

  /** The machine asks every five minutes, as Zincati does. */
  async function refuseFor(hours: number, id: string): Promise<void> {
    const since = clock.now()
    const begin = clock.monotonic()
    for (let asked = 0; asked <= hours * 12; asked++) {
      notifications?.refused({
        identity: { group: 'g', id },
        since,
        at: clock.now(),
        forMs: clock.monotonic() - begin,
        refusal: { kind: 'semaphore_full', totalSlots: 1, holders: 1 },
      })
      await clock.advance(5 * MINUTE_MS)
    }
  }

  async function failFor(minutes: number): Promise<void> {
    for (let asked = 0; asked < minutes; asked++) {
      notifications?.gateFailing({ group: 'g', gate: 'prometheus', reason: 'refused' })
      await clock.advance(MINUTE_MS)
    }
  }

  /** Claims that the store has seen, which never end by themselves here. */
  const claimsOf = (store: MemoryStore) => store.below(notificationKey(''))

  describe('of what goes on', () => {
    it('tell once while the claim lasts', async () => {
      const { store } = create(webhookFor('gate-failing', 'refused-for-longer-than'))
      // Also where the lease of the hour may not have ended yet.
      await failFor(61)
      await refuseFor(23, 'm1')
      expect([store.commits, claimsOf(store).length]).to.deep.equal([2, 2])
    })

    it('tell of a gate that still fails when an older claim has ended', async () => {
      const { store, forgetClaims } = create(webhookFor('gate-failing'))
      store.put(notificationKey('gate-failing/g/prometheus'), 'of another replica')
      await failFor(30)
      expect(claimsOf(store)).to.deep.equal(['of another replica'])
      await forgetClaims('gate-failing/g/prometheus')
      await failFor(60)
      expect(claimsOf(store).join()).to.include('airlock@here')
    })

    it('tell of a machine that is still refused when an older claim has ended', async () => {
      const { store, forgetClaims } = create(webhookFor('refused-for-longer-than'))
      store.put(notificationKey('refused/g/m1'), 'of another time')
      await refuseFor(2, 'm1')
      expect(claimsOf(store)).to.deep.equal(['of another time'])
      await forgetClaims('refused/g/m1')
      await refuseFor(25, 'm1')
      expect(claimsOf(store).join()).to.include('airlock@here')
    })

    it('tell as soon as somebody wants it', async () => {
      const { store, reload } = create(webhookFor('granted'))
      await failFor(10)
      expect(store.commits).to.equal(0)
      reload(webhookFor('gate-failing'))
      await failFor(1)
      expect(claimsOf(store)).to.have.length(1)
    })
  })

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
