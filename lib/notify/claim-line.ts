import { randomUUID } from 'node:crypto'
import { delay, type Clock } from '../calendar/clock.js'
import type { Events } from '../telemetry/events.js'
import { CLAIM_RETRY_MS, DRAIN_MS, MAX_FAILURES_IN_FRONT } from './bounds.js'
import type { Claims } from './claims.js'
import type { Announcement } from './notification.js'

/** What a line needs. */
export interface ClaimLineOptions {
  readonly clock: Clock
  readonly events: Events
  readonly claims: Claims
  /** Aborted when claims that fail are not to be tried again. */
  readonly signal: AbortSignal
  /** Called once for each that the store has decided: `claim` is undefined where another has it. */
  readonly onSettled: (announcement: Announcement, claim: number | undefined) => void
  /** Called when nothing waits any more, or nothing more is claimed. */
  readonly onIdle: () => void
}

/** One that is to be claimed; all attempts at it have the same nonce. */
interface Unclaimed {
  readonly announcement: Announcement
  readonly nonce: string
}

/**
 * Claims what has happened in one group, in the order in which it came.
 *
 * INVARIANTS:
 * - One claim is under way at most; where it fails, it is tried again.
 * - While nothing can be claimed, the order stays. What fails while another can be claimed goes behind
 *   all others: alone it holds them up for {@link MAX_FAILURES_IN_FRONT} attempts, with their pauses.
 */
export class ClaimLine {
  readonly #options: ClaimLineOptions
  readonly #waiting: Unclaimed[] = []
  /** Failed attempts since something was claimed, or gave way. */
  #failures = 0
  #isRunning = false
  #endsAt = Infinity
  #idle: Promise<void> = Promise.resolve()

  constructor(options: ClaimLineOptions) {
    this.#options = options
  }

  /** Appends what is to be claimed; returns at once. */
  push(announcement: Announcement): void {
    this.#waiting.push({ announcement, nonce: randomUUID() })
    if (!this.#isRunning) this.#idle = this.#run()
  }

  /** Resolves when all is claimed, when a claim has failed, or when there is no more time for another. */
  stop(): Promise<void> {
    this.#endsAt = this.#options.clock.monotonic() + DRAIN_MS
    return this.#idle
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    const { clock, signal, onIdle } = this.#options
    while (this.#waiting.length > 0 && clock.monotonic() < this.#endsAt) {
      if (await this.#claim(0)) continue
      if (signal.aborted) break
      this.#failures += 1
      if (await this.#letAnotherPass()) continue
      await delay(clock, CLAIM_RETRY_MS, signal)
    }
    this.#isRunning = false
    onIdle()
  }

  /** Whether only the first one fails: another could be claimed. Each time another one is tried. */
  async #letAnotherPass(): Promise<boolean> {
    const others = this.#waiting.length - 1
    if (this.#failures < MAX_FAILURES_IN_FRONT || others === 0) return false
    if (!(await this.#claim(1 + (this.#failures % others)))) return false
    this.#waiting.push(...this.#waiting.splice(0, 1))
    return true
  }

  /** Whether the store has decided about the one at `index`, which is no longer in the line then. */
  async #claim(index: number): Promise<boolean> {
    const { claims, events, onSettled } = this.#options
    const unclaimed = this.#waiting[index]
    if (unclaimed === undefined) return false
    const { announcement, nonce } = unclaimed
    const { name, claimSeconds } = announcement
    let claim: number | undefined
    try {
      claim = await claims.take(name, nonce, claimSeconds)
    } catch (error) {
      events.notificationNotClaimed(name, error instanceof Error ? error.message : String(error))
      return false
    }
    this.#waiting.splice(index, 1)
    this.#failures = 0
    onSettled(announcement, claim)
    return true
  }
}
