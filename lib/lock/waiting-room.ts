import type { Cancel, Clock } from '../calendar/clock.js'
import type { Refusal } from '../semaphore/refusal.js'
import type { PendingRequest } from './pending-request.js'

/** How many requests may wait for a slot, over all groups of a daemon. */
export class WaiterLimit {
  /** At least 0; a reload may change it: who waits already stays. */
  max: number
  #count = 0

  constructor(max: number) {
    this.max = max
  }

  /** Whether there was room for one more; {@link leave} makes room again. */
  enter(): boolean {
    if (this.#count >= this.max) return false
    this.#count += 1
    return true
  }

  leave(): void {
    this.#count -= 1
  }
}

/** Who waits for a slot. */
export interface Waiter {
  readonly id: string
  /** In milliseconds since the epoch. */
  readonly since: number
  /** What it is told if its time ends now. */
  readonly refusal: Refusal
}

/** What a waiting room tells and asks. */
export interface WaitingRoomOptions {
  readonly limit: WaiterLimit
  readonly clock: Clock
  /** Has the store polled attentively until the returned function is called. */
  readonly watchStore: () => Cancel
  readonly onCountChange: (count: number) => void
  /** Told once for each that has waited, however that ended. */
  readonly onWaited: (seconds: number) => void
}

/**
 * The part of the time by which a wait may end early. Machines that came together, after a restart of
 * their airlock say, would else give up together, and all be away when the slot is free: with one slot
 * a rollout took 1.14 times as long as it could (bench, rollout), and takes 1.01 times so.
 */
const EARLY_PART = 0.2

/** Reasons that may pass by themselves, so that a machine may wait for it. */
const MAY_PASS: ReadonlySet<Refusal['kind']> = new Set([
  'semaphore_full',
  'total_full',
  'paused',
  'cooldown',
  'outside_reboot_window',
  'blackout',
  'alerts_firing',
  'check_failing',
  'gate_error',
])

/**
 * The pre-reboots of one group that wait for a slot, in the order in which they came.
 *
 * INVARIANTS:
 * - At most one request an id; a later one takes over the place of the one before.
 * - Every request in here is unanswered: answering it is what takes it out.
 * - The store is watched exactly while somebody waits.
 */
export class WaitingRoom {
  readonly #options: WaitingRoomOptions
  readonly #requests = new Map<string, PendingRequest>()
  #isOpen = true
  #stopWatching: Cancel | undefined

  constructor(options: WaitingRoomOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#requests.size
  }

  has(request: PendingRequest): boolean {
    return this.#requests.get(request.id) === request
  }

  /** The first `count` that wait. */
  first(count: number): readonly PendingRequest[] {
    const found: PendingRequest[] = []
    for (const request of this.#requests.values()) {
      if (found.length === count) break
      found.push(request)
    }
    return found
  }

  /** The first `count` as others may see them. */
  list(count: number): readonly Waiter[] {
    const { clock } = this.#options
    return this.first(count).map(({ id, arrivedAt, refusal }) => {
      return { id, since: clock.now() - (clock.monotonic() - arrivedAt), refusal }
    })
  }

  /**
   * Whether a refused request waits, or goes on waiting, for the reason to pass: until `waitMs` after its
   * arrival, or up to {@link EARLY_PART} of that earlier, when it is answered with the reason that stands
   * then.
   */
  admit(request: PendingRequest, refusal: Refusal, waitMs: number): boolean {
    const { clock, limit } = this.#options
    const endsAt = this.has(request)
      ? request.endsAt
      : request.arrivedAt + waitMs * (1 - EARLY_PART * Math.random())
    if (!this.#isOpen || !MAY_PASS.has(refusal.kind) || endsAt <= clock.monotonic()) return false
    // Gates that are known to open only after the wait: the machine had better hear that now.
    const opensInMs = (request.opensAt ?? clock.now()) - clock.now()
    if (clock.monotonic() + opensInMs > endsAt) return false
    request.refusal = refusal
    if (this.has(request)) return true
    const before = this.#requests.get(request.id)
    if (before === undefined && !limit.enter()) return false
    this.#requests.set(request.id, request)
    // Taken out is only who is in: the one before finds another in its place.
    before?.giveUp({ kind: 'withdrawn' })
    request.whenAnswered(() => this.#leave(request))
    request.expireAt(endsAt)
    request.giveUpWhenGone()
    this.#changed()
    return true
  }

  /** Answers whoever waits under an id: the machine reports that it has given up. */
  withdraw(id: string): void {
    this.#requests.get(id)?.giveUp({ kind: 'withdrawn' })
  }

  /** Answers all that wait. */
  refuseAll(refusal: Refusal): void {
    for (const request of [...this.#requests.values()]) request.giveUp(refusal)
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#isOpen = false
  }

  #leave(request: PendingRequest): void {
    this.#options.onWaited((this.#options.clock.monotonic() - request.arrivedAt) / 1000)
    if (!this.has(request)) return
    this.#requests.delete(request.id)
    this.#options.limit.leave()
    this.#changed()
  }

  #changed(): void {
    if (this.size > 0) this.#stopWatching ??= this.#options.watchStore()
    else {
      this.#stopWatching?.()
      this.#stopWatching = undefined
    }
    this.#options.onCountChange(this.size)
  }
}
