import type { Cancel, Clock } from '../calendar/clock.js'
import type { GroupGates, Verdict } from '../gates/gate.js'
import type { PendingRequest } from './pending-request.js'

/** How often closed gates are asked again for those who wait, in milliseconds. */
const ASK_AGAIN_MS = 15_000

/** How soon at the earliest, in milliseconds, though they may open before. */
const SOONEST_AGAIN_MS = 1000

/** What a gate keeper needs. */
export interface GateKeeperOptions {
  readonly clock: Clock
  /**
   * How long a verdict holds, in milliseconds: not less than a request has for the store after it, or it
   * might be asked for again and again. A machine may come so much after the end of its window.
   */
  readonly holdsMs: number
  /** Called when requests have got their verdict. */
  readonly onVerdict: (requests: readonly PendingRequest[]) => void
  /** Called when it is time to ask again for who waits, whatever the gates have said. */
  readonly onAgain: () => void
}

/**
 * Asks a group's gates for the requests of a lane, outside of it: no release and no holder ever waits
 * for a gate.
 *
 * INVARIANTS:
 * - Gates are asked at most once at a time, for all that wait then; a request that comes later is part
 *   of the next asking, so that every verdict is younger than its request.
 * - After `close` there is no callback and no timer; it may be called again.
 */
export class GateKeeper {
  readonly #options: GateKeeperOptions
  #isAsking = false
  #isClosed = false
  #cancelAgain: Cancel | undefined
  /** For whom they are being asked, and for whom they are to be asked after that. */
  #asked: readonly PendingRequest[] = []
  readonly #next = new Set<PendingRequest>()
  /** Those in force when somebody last asked: a reload may come between. */
  #gates: GroupGates | undefined

  constructor(options: GateKeeperOptions) {
    this.#options = options
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Has the gates asked for these requests; not after `close`. */
  ask(gates: GroupGates, requests: readonly PendingRequest[]): void {
    this.#gates = gates
    for (const request of requests) this.#next.add(request)
    if (!this.#isAsking) void this.#askNext()
  }

  /** Answers whoever they are being asked for under an id: the machine reports that it has given up. */
  withdraw(id: string): void {
    for (const request of [...this.#asked, ...this.#next]) {
      if (request.id === id) request.giveUp({ kind: 'withdrawn' })
    }
  }

  /** Hands out no verdict any more; returns the requests that would have had one. */
  close(): readonly PendingRequest[] {
    this.#isClosed = true
    this.#cancelAgain?.()
    const left = [...this.#asked, ...this.#next]
    this.#asked = []
    this.#next.clear()
    return left
  }

  async #askNext(): Promise<void> {
    this.#isAsking = true
    while (this.#next.size > 0) {
      const gates = this.#gates
      this.#asked = [...this.#next].filter((request) => !request.isAnswered)
      this.#next.clear()
      if (gates === undefined || this.#asked.length === 0) continue
      const verdict = await gates.ask()
      this.#hand(verdict, gates, this.#asked)
    }
    this.#asked = []
    this.#isAsking = false
  }

  #hand(verdict: Verdict, gates: GroupGates, requests: readonly PendingRequest[]): void {
    const { clock, holdsMs, onVerdict, onAgain } = this.#options
    if (this.#isClosed) return
    for (const request of requests) request.setVerdict(verdict, gates, holdsMs)
    onVerdict(requests)
    this.#cancelAgain?.()
    if (verdict.verdict === 'open') return
    const untilOpenMs = (verdict.opensAt ?? Infinity) - clock.now()
    const againMs = Math.min(ASK_AGAIN_MS, Math.max(SOONEST_AGAIN_MS, untilOpenMs))
    this.#cancelAgain = clock.schedule(againMs, onAgain)
  }
}
