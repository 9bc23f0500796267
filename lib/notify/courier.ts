import { randomUUID } from 'node:crypto'
import { delay, type Clock } from '../calendar/clock.js'
import type { Events } from '../telemetry/events.js'
import { CLAIM_RETRY_MS, DRAIN_MS, MAX_UNCLAIMED } from './bounds.js'
import type { Claims } from './claims.js'
import type { Announcement, NotificationType } from './notification.js'
import type { WebhookQueue } from './webhook-queue.js'

/** A webhook's queue, and what it wants to be told. */
export interface Receiver {
  readonly events: readonly NotificationType[]
  readonly queue: WebhookQueue
}

/** What a courier needs. */
export interface CourierOptions {
  readonly clock: Clock
  readonly events: Events
  readonly claims: Claims
}

/**
 * Takes what has happened, claims it among the replicas and hands it to the webhooks.
 *
 * INVARIANTS:
 * - {@link offer} returns at once and never throws: nobody waits for a receiver, nor for a claim.
 * - What was claimed and could not be told by {@link stop} is given back.
 */
export class Courier {
  readonly #options: CourierOptions
  readonly #stop = new AbortController()
  readonly #claiming = new Set<Promise<void>>()
  /** Names of claimed announcements that are still on their way. */
  readonly #onTheirWay = new Map<string, number>()
  #receivers: readonly Receiver[] = []

  constructor(options: CourierOptions) {
    this.#options = options
  }

  /** Whether any webhook wants to be told of this. */
  wants(...topics: readonly NotificationType[]): boolean {
    return this.#receivers.some(({ events }) => topics.some((topic) => events.includes(topic)))
  }

  /** Hands what comes from now on to these webhooks. */
  configure(receivers: readonly Receiver[]): void {
    this.#receivers = receivers
  }

  /** Tells the webhooks that want it, unless another replica does; `afterMs` leaves it time to. */
  offer(announcement: Announcement, afterMs = 0): void {
    const { topics } = announcement
    if (this.#stop.signal.aborted || !this.wants(...topics)) return
    if (this.#claiming.size >= MAX_UNCLAIMED) {
      this.#options.events.notificationsForgotten(1, 'too many wait to be claimed')
      return
    }
    const claiming = this.#announce(announcement, afterMs).finally(() => {
      this.#claiming.delete(claiming)
    })
    this.#claiming.add(claiming)
  }

  /** Waits a little for what is under way, and gives back what is left; then nothing is told any more. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#claiming)
    await Promise.all(this.#receivers.map(({ queue }) => queue.drain(DRAIN_MS)))
    await Promise.all(this.#receivers.map(({ queue }) => queue.close()))
    const left = [...this.#onTheirWay.keys()]
    if (left.length === 0) return
    const { claims, events } = this.#options
    try {
      await claims.giveBack(left)
      events.notificationsForgotten(left.length, 'this server stops; another may tell them')
    } catch (error) {
      events.notificationsForgotten(left.length, reasonOf(error))
    }
  }

  async #announce(announcement: Announcement, afterMs: number): Promise<void> {
    const { signal } = this.#stop
    const { clock, claims, events } = this.#options
    const { name, claimSeconds } = announcement
    const nonce = randomUUID()
    if (afterMs > 0) await delay(clock, afterMs, signal)
    // Whoever starts next looks back far enough to find it.
    if (afterMs > 0 && signal.aborted) return
    for (;;) {
      try {
        const claim = await claims.take(name, nonce, claimSeconds)
        if (claim !== undefined) this.#hand(announcement, claim)
        return
      } catch (error) {
        events.notificationNotClaimed(name, reasonOf(error))
      }
      if (signal.aborted) return
      await delay(clock, CLAIM_RETRY_MS, signal)
    }
  }

  #hand({ name, notifications }: Announcement, claim: number): void {
    for (const notification of notifications(claim)) {
      for (const { events, queue } of this.#receivers) {
        if (!notification.topics.some((topic) => events.includes(topic))) continue
        this.#onTheirWay.set(name, (this.#onTheirWay.get(name) ?? 0) + 1)
        queue.push(notification, () => this.#arrived(name))
      }
    }
  }

  #arrived(name: string): void {
    const left = (this.#onTheirWay.get(name) ?? 0) - 1
    if (left > 0) this.#onTheirWay.set(name, left)
    else this.#onTheirWay.delete(name)
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
