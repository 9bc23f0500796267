import { delay, type Clock } from '../calendar/clock.js'
import type { Events } from '../telemetry/events.js'
import type { NotificationOutcome } from '../telemetry/notify-events.js'
import { MAX_AGE_MS, MAX_QUEUED, RETRY_MS } from './bounds.js'
import { printBody, type Notification } from './notification.js'

/** What became of one attempt. Reasons name no secret. */
export type Attempt =
  | { readonly outcome: 'delivered' }
  /** It makes no sense to send it again. */
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'failed'; readonly reason: string }

/** What a queue needs. */
export interface WebhookQueueOptions {
  readonly clock: Clock
  readonly events: Events
  /** `place` is its TOML path at first; the URL may be a secret, so only its host is told. */
  readonly webhook: { readonly place: string; readonly host: string }
  /** Sends a body once; never rejects, and is bounded in time. */
  readonly send: (body: string, signal: AbortSignal) => Promise<Attempt>
}

/** A notification in a queue, and who wants to know when it has left it. */
interface Queued {
  readonly notification: Notification
  readonly arrivedAt: number
  readonly onSettled: (outcome: NotificationOutcome) => void
}

/**
 * What one webhook still has to be told, in order.
 *
 * INVARIANTS:
 * - One attempt is under way at most; the next notification is sent when the one before it is delivered,
 *   refused or too old.
 * - Each notification is settled once: also when it is dropped, and not after {@link close}.
 * - Its gauge is written until it is discarded: another webhook has its place then.
 */
export class WebhookQueue {
  readonly #options: WebhookQueueOptions
  readonly #queue: Queued[] = []
  readonly #stop = new AbortController()
  #webhook: WebhookQueueOptions['webhook']
  #isRunning = false
  #isDiscarded = false
  #failures = 0
  #idle: Promise<void> = Promise.resolve()

  constructor(options: WebhookQueueOptions) {
    this.#options = options
    this.#webhook = options.webhook
    this.#observe()
  }

  /** How many have not been delivered yet. */
  get length(): number {
    return this.#queue.length
  }

  /** It stands at another place of the configuration, or all gauges have been forgotten. */
  moveTo(place: string): void {
    this.#webhook = { ...this.#webhook, place }
    this.#observe()
  }

  /** Appends a notification; when there are too many, the oldest that is not being sent goes. */
  push(notification: Notification, onSettled: (outcome: NotificationOutcome) => void): void {
    if (this.#stop.signal.aborted) return
    const arrivedAt = this.#options.clock.monotonic()
    this.#queue.push({ notification, arrivedAt, onSettled })
    if (this.#queue.length > MAX_QUEUED) {
      const [oldest] = this.#queue.splice(1, 1)
      if (oldest !== undefined) this.#lose(oldest, 'dropped', `over ${MAX_QUEUED} are waiting`)
    }
    this.#observe()
    if (!this.#isRunning) this.#idle = this.#run()
  }

  /** Resolves when all is delivered, when the receiver fails, or when the time is up. */
  async drain(timeoutMs: number): Promise<void> {
    if (this.#failures > 0) return
    const enough = new AbortController()
    const late = delay(this.#options.clock, timeoutMs, enough.signal)
    await Promise.race([this.#idle, late])
    enough.abort()
  }

  /** Gives up what is left, for a webhook that is no longer wanted. */
  async discard(): Promise<void> {
    this.#isDiscarded = true
    for (const queued of this.#queue.splice(this.#isRunning ? 1 : 0)) {
      this.#lose(queued, 'dropped', 'the webhook has left the configuration')
    }
    const [underway] = this.#queue
    await this.close()
    underway?.onSettled('dropped')
  }

  /** Gives up what is left, unsettled; resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#idle
    this.#queue.length = 0
    this.#observe()
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    const { signal } = this.#stop
    let head = this.#queue[0]
    while (head !== undefined && !signal.aborted) {
      await this.#deliver(head, signal)
      head = this.#queue[0]
    }
    this.#isRunning = false
  }

  /** One attempt, and the pause after a failed one. */
  async #deliver(head: Queued, signal: AbortSignal): Promise<void> {
    const { clock, events, send } = this.#options
    const { notification, arrivedAt } = head
    const attempt = await send(printBody(notification), signal)
    const webhook = this.#webhook
    // An attempt that the stop has cut off may have arrived: told twice is better than never.
    if (signal.aborted && attempt.outcome === 'failed') return
    if (attempt.outcome !== 'failed') {
      if (this.#failures > 0) events.webhookWorksAgain(webhook)
      this.#failures = 0
      this.#queue.shift()
      if (attempt.outcome === 'refused') this.#lose(head, 'refused', attempt.reason)
      else {
        events.notificationDelivered(webhook, notification.type)
        head.onSettled('delivered')
      }
    } else if (clock.monotonic() - arrivedAt >= MAX_AGE_MS) {
      this.#queue.shift()
      this.#lose(head, 'expired', attempt.reason)
    } else {
      events.webhookFailing(webhook, attempt.reason, this.#failures === 0)
      this.#failures += 1
      await this.#pause(signal)
    }
    this.#observe()
  }

  #pause(signal: AbortSignal): Promise<void> {
    const wholeMs = Math.min(RETRY_MS.largest, RETRY_MS.first * 2 ** (this.#failures - 1))
    return delay(this.#options.clock, wholeMs * (0.5 + Math.random() / 2), signal)
  }

  #lose(
    { notification, onSettled }: Queued,
    outcome: 'refused' | 'expired' | 'dropped',
    reason: string,
  ): void {
    const { events } = this.#options
    events.notificationLost(this.#webhook, notification.type, outcome, reason)
    onSettled(outcome)
  }

  #observe(): void {
    if (this.#isDiscarded) return
    this.#options.events.notificationsQueued(this.#webhook, this.#queue.length)
  }
}
