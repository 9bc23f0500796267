import type { Cancel, Clock } from '../calendar/clock.js'
import type { Refusal } from '../semaphore/refusal.js'
import type { GroupGates, Verdict } from '../gates/gate.js'
import type { BatchRequest, Outcome } from './batch.js'

/** Who waits for an answer. */
export interface Client {
  /** Whether it is not to be served any more: it has gone away, or what it asks for is not its right now. */
  isGone(): boolean
  /** Calls back once when it goes away. */
  onGone(callback: () => void): Cancel
}

/** A client that stays until it is answered. */
export const PATIENT_CLIENT: Client = {
  isGone: () => false,
  onGone: () => () => undefined,
}

/**
 * A request on its way to an answer.
 *
 * INVARIANTS:
 * - It is answered once, by whoever comes first; after that nothing of it is left, not even a timer. At any
 *   time at most one timer stands for it.
 * - While a commit that may grant it is under way, it is not refused for another reason than that.
 */
export class PendingRequest implements BatchRequest {
  readonly operation: 'lock' | 'unlock'
  readonly id: string
  /** On the monotonic clock. */
  readonly arrivedAt: number
  readonly answer: Promise<Outcome>
  /** Whether others wait ahead of it who are not in the same batch. */
  isBehind = false
  #verdict:
    { readonly value: Verdict; readonly gates: GroupGates; readonly until: number } | undefined
  /** When its time runs out, on the monotonic clock. */
  endsAt: number
  /** What it is answered when its time runs out. */
  refusal: Refusal
  readonly #client: Client
  readonly #clock: Clock
  readonly #cleanups: Cancel[] = []
  #resolve: (outcome: Outcome) => void = () => undefined
  #cancelTimer: Cancel = () => undefined
  #isAnswered = false
  #isHeld = false
  /** What it would have been answered while it was held. */
  #givenUp: Outcome | undefined

  /** @param refusal what it is answered when its time runs out before anything else is known */
  constructor({ operation, id }: BatchRequest, client: Client, clock: Clock, refusal: Refusal) {
    this.operation = operation
    this.id = id
    this.refusal = refusal
    this.arrivedAt = clock.monotonic()
    this.endsAt = this.arrivedAt
    this.#client = client
    this.#clock = clock
    this.answer = new Promise((resolve) => (this.#resolve = resolve))
  }

  get isAnswered(): boolean {
    return this.#isAnswered
  }

  /** What the gates say, as long as that holds. */
  get verdict(): 'open' | Refusal | undefined {
    if (this.#verdict === undefined || this.#verdict.until < this.#clock.monotonic())
      return undefined
    const { value } = this.#verdict
    return value.verdict === 'open' ? 'open' : value.refusal
  }

  /** When the gates open, in milliseconds since the epoch, if they are closed and anybody knows. */
  get opensAt(): number | undefined {
    const value = this.#verdict?.value
    return value?.verdict === 'closed' ? value.opensAt : undefined
  }

  setVerdict(value: Verdict, gates: GroupGates, holdsMs: number): void {
    this.#verdict = { value, gates, until: this.#clock.monotonic() + holdsMs }
  }

  /** Whether it is these gates that have said something. */
  isJudgedBy(gates: GroupGates | undefined): boolean {
    return this.#verdict?.gates === gates
  }

  forgetVerdict(): void {
    this.#verdict = undefined
  }

  /** Keeps {@link giveUp} from answering until {@link letGo}: a commit is under way that may grant it. */
  hold(): void {
    this.#isHeld = true
  }

  /** Answers what it has been refused meanwhile, or `refusal` in its place, unless it is answered. */
  letGo(refusal?: Refusal): void {
    this.#isHeld = false
    const late = this.#givenUp
    if (late !== undefined) this.settle(refusal === undefined ? late : refused(refusal))
  }

  /** Refuses it, for a reason that lies outside of the store's answers; later, while it is held. */
  giveUp(refusal: Refusal): void {
    const outcome = refused(refusal)
    if (this.#isHeld) this.#givenUp ??= outcome
    else this.settle(outcome)
  }

  /** Answers; only the first call counts. */
  settle(outcome: Outcome): void {
    if (this.#isAnswered) return
    this.#isAnswered = true
    this.#cancelTimer()
    for (const cleanup of this.#cleanups.splice(0)) cleanup()
    this.#resolve(outcome)
  }

  /** Refuses it at `endsAt` (monotonic), unless it is answered or told otherwise before. */
  expireAt(endsAt: number): void {
    this.#cancelTimer()
    if (this.#isAnswered) return
    this.endsAt = endsAt
    const delayMs = Math.max(0, endsAt - this.#clock.monotonic())
    this.#cancelTimer = this.#clock.schedule(delayMs, () => this.giveUp(this.refusal))
  }

  /**
   * Whether nobody waits for it any more. That counts for a release too: a daemon that stood still
   * finds old ones in its sockets, of machines that have since released elsewhere and hold again.
   * A machine that does want its release repeats it until it is answered.
   */
  isPointless(): boolean {
    return this.#client.isGone()
  }

  /** Answers as soon as the client goes away, though nobody hears it: so that it waits no longer. */
  giveUpWhenGone(): void {
    this.whenAnswered(this.#client.onGone(() => this.giveUp({ kind: 'withdrawn' })))
  }

  /** Runs when the request is answered, or at once if it is. */
  whenAnswered(cleanup: Cancel): void {
    if (this.#isAnswered) cleanup()
    else this.#cleanups.push(cleanup)
  }
}

function refused(refusal: Refusal): Outcome {
  return { outcome: 'refused', refusal }
}
