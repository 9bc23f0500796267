import type { Refusal } from '../semaphore/refusal.js'
import { StoreError } from '../store/store-error.js'
import type { Events } from '../telemetry/events.js'

/** The refusal of a request whose time ran out before anything else was known. */
const NO_ANSWER: Refusal = { kind: 'store_unavailable', reason: 'the store did not answer in time' }

/**
 * What keeps a lane from answering: the reason for those whose time runs out meanwhile, and whether a
 * commit is uncertain.
 *
 * INVARIANTS: once a commit has ended unknown the group stays unsettled until {@link fenced} is called,
 * whatever else happens.
 */
export class LaneTrouble {
  readonly #group: string
  readonly #events: Events
  #reason: Refusal | undefined
  #isUnsettled = false

  constructor(group: string, events: Events) {
    this.#group = group
    this.#events = events
  }

  /** Why a request is refused that cannot be answered now. */
  get refusal(): Refusal {
    return this.#reason ?? NO_ANSWER
  }

  /** Whether a commit may have happened, or may still happen, that nobody has fenced. */
  get isUnsettled(): boolean {
    return this.#isUnsettled
  }

  noteConflict(attempts: number): void {
    this.#reason = { kind: 'store_conflict', attempts }
    this.#events.storeConflict(this.#group)
  }

  noteCorrupt(key: string, problem: string): void {
    this.#reason = { kind: 'store_corrupt', key, problem }
    this.#events.groupCorrupt(this.#group, key, problem)
  }

  /** Returns whether a commit may have happened. */
  noteStoreError(error: unknown): boolean {
    const reason = error instanceof Error ? error.message : String(error)
    this.#reason = { kind: 'store_unavailable', reason }
    // An error that is no StoreError says nothing about what was sent, so it counts as unknown too.
    const isUnknown = !(error instanceof StoreError) || error.kind === 'unknown'
    if (isUnknown) this.noteUncertain(reason)
    return isUnknown
  }

  /** A commit to the group may have happened, or may still happen. */
  noteUncertain(reason: string): void {
    if (this.#isUnsettled) return
    this.#isUnsettled = true
    this.#events.groupUnsettled(this.#group, reason)
  }

  /** A write guarded by a revision read after the uncertain commit has succeeded. */
  fenced(): void {
    if (this.#isUnsettled) this.#events.groupSettled(this.#group)
    this.#isUnsettled = false
  }

  /** The store answers, and nothing stands in the way. */
  over(): void {
    this.#reason = undefined
  }
}
