import { setMaxListeners } from 'node:events'
import { delay, type Clock } from '../calendar/clock.js'
import type { Events } from '../telemetry/events.js'
import { DRAIN_MS, MAX_UNCLAIMED } from './bounds.js'
import { ClaimLine } from './claim-line.js'
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
  /** By group: what is being claimed. */
  readonly #lines = new Map<string, ClaimLine>()
  /** How many are being claimed, or are left to others for a while. */
  #unclaimed = 0
  /** Names of claimed announcements that are still on their way. */
  readonly #onTheirWay = new Map<string, number>()
  #receivers: readonly Receiver[] = []

  constructor(options: CourierOptions) {
    this.#options = options
    // Every group may wait for the stop.
    setMaxListeners(0, this.#stop.signal)
  }

  /** Whether any webhook wants to be told of this. */
  wants(...topics: readonly NotificationType[]): boolean {
    return this.#receivers.some(({ events }) => topics.some((topic) => events.includes(topic)))
  }

  /** Hands what comes from now on to these webhooks. */
  configure(receivers: readonly Receiver[]): void {
    this.#receivers = receivers
  }

  /**
   * Tells the webhooks that want it, unless another replica does; `afterMs` leaves it time to. What
   * concerns one group is claimed, and told, in the order in which it is offered.
   */
  offer(announcements: readonly Announcement[], afterMs = 0): void {
    const wanted = announcements.filter(({ topics }) => this.wants(...topics))
    const { signal } = this.#stop
    if (signal.aborted || wanted.length === 0) return
    const taken = wanted.slice(0, MAX_UNCLAIMED - this.#unclaimed)
    const { clock, events } = this.#options
    const left = wanted.length - taken.length
    if (left > 0) events.notificationsForgotten(left, 'too many wait to be claimed')
    this.#unclaimed += taken.length
    if (afterMs === 0) this.#claim(taken)
    else {
      void delay(clock, afterMs, signal).then(() => {
        // Whoever starts next looks back far enough to find it.
        if (!signal.aborted) this.#claim(taken)
      })
    }
  }

  /** Waits a little for what is under way, and gives back what is left; then nothing is told any more. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all([...this.#lines.values()].map((line) => line.stop()))
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

  #claim(announcements: readonly Announcement[]): void {
    for (const announcement of announcements) this.#lineOf(announcement.group).push(announcement)
  }

  #lineOf(group: string): ClaimLine {
    const known = this.#lines.get(group)
    if (known !== undefined) return known
    const line = new ClaimLine({
      ...this.#options,
      signal: this.#stop.signal,
      onSettled: (announcement, claim) => {
        this.#unclaimed -= 1
        if (claim !== undefined) this.#hand(announcement, claim)
      },
      onIdle: () => this.#lines.delete(group),
    })
    this.#lines.set(group, line)
    return line
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
