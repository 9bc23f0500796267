import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../calendar/clock.js'
import type { JudgedHold } from '../checker/stale-checker.js'
import type { NotifySettings, WebhookSettings } from '../config/settings.js'
import type { FileProblem } from '../credentials/file-report.js'
import { replyToRefusal } from '../fleetlock/reply-to-refusal.js'
import { ALL_GROUPS, queryEscape } from '../lock/keys.js'
import type { GroupEvent } from '../lock/read-events.js'
import type { RefusedMachine } from '../lock/refused-machines.js'
import type { GroupsSnapshot } from '../lock/store-poller.js'
import { DAILY_CLAIM_SECONDS, HOURLY_CLAIM_SECONDS } from '../notify/bounds.js'
import { ChangeFeed } from '../notify/change-feed.js'
import { Claims } from '../notify/claims.js'
import { Courier } from '../notify/courier.js'
import type { Announcement, Notification } from '../notify/notification.js'
import { Reminders } from '../notify/reminders.js'
import { RefusalWatch } from '../notify/refusal-watch.js'
import { checkWebhookFiles, postToWebhook } from '../notify/webhook.js'
import { WebhookQueue } from '../notify/webhook-queue.js'
import type { Store } from '../store/store.js'
import type { Events } from '../telemetry/events.js'

/** What notifications need of the rest of the daemon. */
export interface NotificationsOptions {
  readonly store: Store
  readonly clock: Clock
  readonly events: Events
  readonly timeoutMs: number
  /** This daemon as `user@host`. */
  readonly by: string
}

/** A gate that could not be asked. */
export interface FailingGate {
  readonly group: string
  readonly gate: string
  readonly reason: string
}

type Told = Pick<Notification, 'type' | 'group' | 'id' | 'reason'>

interface Target {
  readonly webhook: WebhookSettings
  readonly queue: WebhookQueue
}

/** What is wrong with the files that webhooks name. */
export async function checkNotifyFiles({
  webhooks,
}: NotifySettings): Promise<readonly FileProblem[]> {
  const problems = await Promise.all(
    webhooks.map((webhook, index) => checkWebhookFiles(webhook, placeOf(index))),
  )
  return problems.flat()
}

/**
 * Tells webhooks what happens. Nothing here delays a machine: all that others call returns at once.
 *
 * INVARIANTS: `stop` once, while the store can still be used.
 */
export class Notifications {
  readonly #options: NotificationsOptions
  readonly #courier: Courier
  readonly #feed: ChangeFeed
  readonly #refusals: RefusalWatch
  readonly #reminders: Reminders
  #targets: readonly Target[] = []

  constructor(settings: NotifySettings, options: NotificationsOptions) {
    const { store, clock, events, timeoutMs, by } = options
    this.#options = options
    const claims = new Claims({ store, timeoutMs, by })
    this.#courier = new Courier({ clock, events, claims })
    this.#feed = new ChangeFeed({
      store,
      clock,
      timeoutMs,
      isWanted: () =>
        this.#courier.wants('granted', 'released', 'stale', 'paused', 'resumed', 'slots-changed'),
      onChanges: (announcements, afterMs) => this.#courier.offer(announcements, afterMs),
    })
    this.#reminders = new Reminders(clock)
    this.#refusals = new RefusalWatch(settings.refusedForLongerThanMinutes, (machine) =>
      this.#tellRefused(machine),
    )
    this.#aim(settings)
  }

  /** Puts other settings in force; a webhook that stays keeps what it still has to be told. */
  configure(settings: NotifySettings): void {
    this.#refusals.configure(settings.refusedForLongerThanMinutes)
    this.#aim(settings)
  }

  /** A machine has been refused. */
  refused(machine: RefusedMachine): void {
    this.#refusals.note(machine)
  }

  /** A lane of this daemon has committed a change. */
  changed(event: GroupEvent): void {
    this.#feed.made(event)
  }

  /** A poll has seen the store. */
  observe(snapshot: GroupsSnapshot): void {
    this.#feed.observe(snapshot)
  }

  /** A holder has become stale. */
  stale({ hold, heldForMs }: JudgedHold): void {
    const { group, id, revision } = hold
    const name = `stale/${queryEscape(group)}/${queryEscape(id)}/${revision}`
    const minutes = Math.floor(heldForMs / 60_000)
    this.#tell(name, DAILY_CLAIM_SECONDS, {
      type: 'stale',
      group,
      id,
      reason: `it has held its slot for ${minutes} minutes${revision === 0 ? ' at least' : ''}`,
    })
  }

  /** A gate could not be asked; to be called each time, told once an hour. */
  gateFailing({ group, gate, reason }: FailingGate): void {
    this.#remind(`gate-failing/${queryEscape(group)}/${queryEscape(gate)}`, HOURLY_CLAIM_SECONDS, {
      type: 'gate-failing',
      group,
      reason: `${gate}: ${reason}`,
    })
  }

  /** Delivers what can be delivered within a few seconds, and leaves the rest to others. */
  async stop(): Promise<void> {
    await this.#feed.stop()
    await this.#courier.stop()
  }

  #tellRefused({ identity, forMs, refusal }: RefusedMachine): void {
    const { group, id } = identity
    const forMinutes = Math.floor(forMs / 60_000)
    this.#remind(`refused/${queryEscape(group)}/${queryEscape(id)}`, DAILY_CLAIM_SECONDS, {
      type: 'refused-for-longer-than',
      group,
      id,
      reason: `for ${forMinutes} minutes; ${replyToRefusal(refusal).value}`,
    })
  }

  /** Tells what goes on, at most once while its claim lasts. */
  #remind(name: string, claimSeconds: number, told: Told): void {
    // What nobody wants yet is told as soon as somebody does.
    if (!this.#courier.wants(told.type) || !this.#reminders.isDue(name, claimSeconds)) return
    this.#tell(name, claimSeconds, told)
  }

  #tell(name: string, claimSeconds: number, told: Told): void {
    const topics = [told.type]
    const at = new Date(this.#options.clock.now()).toISOString()
    const announcement: Announcement = {
      name,
      group: told.group ?? ALL_GROUPS,
      claimSeconds,
      topics,
      // The same may happen again once the claim has ended.
      notifications: (claim) => [{ eventId: `${name}/${claim}`, topics, at, ...told }],
    }
    this.#courier.offer([announcement])
  }

  #aim({ webhooks }: NotifySettings): void {
    const before = [...this.#targets]
    this.#options.events.webhooksConfigured()
    this.#targets = webhooks.map((webhook, index) => {
      const same = before.findIndex((target) => isDeepStrictEqual(target.webhook, webhook))
      const [kept] = same < 0 ? [] : before.splice(same, 1)
      kept?.queue.moveTo(placeOf(index))
      return kept ?? { webhook, queue: this.#createQueue(webhook, index) }
    })
    for (const { queue } of before) void queue.discard()
    this.#courier.configure(
      this.#targets.map(({ webhook: { events }, queue }) => ({ events, queue })),
    )
  }

  #createQueue(webhook: WebhookSettings, index: number): WebhookQueue {
    const { clock, events } = this.#options
    return new WebhookQueue({
      clock,
      events,
      webhook: { place: placeOf(index), host: new URL(webhook.url).host },
      send: (body, signal) => postToWebhook(webhook, body, { clock, signal }),
    })
  }
}

function placeOf(index: number): string {
  return `notify.webhook[${index}]`
}
