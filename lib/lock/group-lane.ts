import { delay, type Clock } from '../calendar/clock.js'
import type { Refusal } from '../semaphore/refusal.js'
import { StoreError } from '../store/store-error.js'
import type { Store } from '../store/store.js'
import type { Events } from '../telemetry/events.js'
import type { BatchRequest, Outcome } from './batch.js'
import {
  groupSelectors,
  readGroupState,
  type CorruptGroup,
  type GroupState,
} from './group-state.js'
import { planCommit, type CommitPlan, type LaneSettings } from './plan-commit.js'

/** What a lane needs; the same for all lanes but for the group and its settings. */
export interface GroupLaneOptions {
  readonly group: string
  /** Undefined for a group that is not configured: nothing is applied to it, nobody takes a slot. */
  readonly settings: LaneSettings | undefined
  readonly store: Store
  readonly clock: Clock
  readonly events: Events
  /** Hard bound on how long one request waits for the store. */
  readonly timeoutMs: number
  /** This daemon as `user@host`, for the records of holders and changes. */
  readonly by: string
}

/** Pause in milliseconds before a batch is decided again, its random part so that replicas spread out. */
const PAUSE_MS = { base: 2, jitter: 10 }

/** A request that waits for its answer. */
interface Waiter extends BatchRequest {
  /** On the monotonic clock. */
  readonly endsAt: number
  /** Whether the client has gone away; asked before a grant to it would be written. */
  readonly isGone: () => boolean
  /** Answers the request; only the first call counts. */
  readonly settle: (outcome: Outcome) => void
  isSettled: boolean
}

/** A group's state, and the store's revision at which it was read or made. */
interface KnownState {
  readonly state: GroupState
  readonly asOf: number
}

/**
 * All requests of one group, one batch after the other.
 *
 * INVARIANTS:
 * - At most one operation of the store is under way for the group. Whatever arrives meanwhile waits,
 *   and shares the next one.
 * - Every answer rests on what the store held at some moment after the request arrived: on a commit
 *   whose comparison held, or on a read, or a conflict's fresh values, begun after that.
 * - What is remembered from the last commit is only a guess at the revision to compare with. No answer
 *   comes from it alone.
 * - After a commit that ended `unknown` no request is answered, but by a refusal, until a write guarded
 *   by a revision read later has succeeded: then the uncertain one has happened before, or never will.
 * - Every request is answered within `timeoutMs`.
 */
export class GroupLane {
  readonly #options: GroupLaneOptions
  #queue: Waiter[] = []
  #known: KnownState | undefined
  #isRunning = false
  #isClosed = false
  #isUnsettled = false
  #settings: LaneSettings | undefined
  /** Whether the configured slots are still to be applied, once after a start or a reload. */
  #mustApplySlots: boolean
  /** Whether a round is due although nobody waits: to apply slots, or to fence. */
  #isRoundDue = false
  /** Why requests are waiting at the moment, for those whose time runs out. */
  #trouble: Refusal | undefined

  constructor(options: GroupLaneOptions) {
    this.#options = options
    this.#settings = options.settings
    this.#mustApplySlots = options.settings !== undefined
  }

  /** Puts other settings in force; the next round applies the slots. */
  configure(settings: LaneSettings | undefined): void {
    this.#settings = settings
    this.#mustApplySlots = settings !== undefined
  }

  /** Takes a slot for `id`, unless it holds one already. Not done if `isGone` is true by then. */
  lock(id: string, isGone: () => boolean): Promise<Outcome> {
    return this.#enqueue('lock', id, isGone)
  }

  /** Gives back the slot of `id`, if it holds one; done even if the client has gone away. */
  unlock(id: string): Promise<Outcome> {
    return this.#enqueue('unlock', id, () => false)
  }

  /**
   * Tells the lane what a poll of the store has seen. It saves a conflict where another replica has
   * changed the group, and sets off what is still to be done without a request.
   */
  observe(state: GroupState, asOf: number): void {
    if (this.#known === undefined || asOf > this.#known.asOf) this.#known = { state, asOf }
    if (!this.#mustApplySlots && !this.#isUnsettled) return
    this.#isRoundDue = true
    this.#start()
  }

  /** Refuses all that wait, and all that come; a commit under way is finished. */
  close(): void {
    this.#isClosed = true
    for (const waiter of this.#queue) {
      waiter.settle({ outcome: 'refused', refusal: { kind: 'shutting_down' } })
    }
  }

  #enqueue(operation: 'lock' | 'unlock', id: string, isGone: () => boolean): Promise<Outcome> {
    if (this.#isClosed) {
      return Promise.resolve({ outcome: 'refused', refusal: { kind: 'shutting_down' } })
    }
    const { clock, timeoutMs } = this.#options
    return new Promise((resolve) => {
      const waiter: Waiter = {
        operation,
        id,
        isGone,
        endsAt: clock.monotonic() + timeoutMs,
        isSettled: false,
        settle: (outcome) => {
          if (waiter.isSettled) return
          waiter.isSettled = true
          cancel()
          resolve(outcome)
        },
      }
      const cancel = clock.schedule(timeoutMs, () => waiter.settle(this.#refusal(NO_ANSWER)))
      this.#queue.push(waiter)
      this.#start()
    })
  }

  #start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    void this.#run().finally(() => {
      this.#isRunning = false
    })
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0 || (this.#isRoundDue && !this.#isClosed)) {
      const batch = this.#queue
      this.#queue = []
      this.#isRoundDue = false
      const rest = await this.#serve(batch)
      this.#queue = [...rest, ...this.#queue]
    }
  }

  /** Answers a batch; returns the waiters that are left to the next one. */
  async #serve(batch: readonly Waiter[]): Promise<readonly Waiter[]> {
    const { clock, timeoutMs } = this.#options
    const roundEndsAt = batch.at(-1)?.endsAt ?? clock.monotonic() + timeoutMs
    let state: GroupState | CorruptGroup | undefined = this.#known?.state
    let isFresh = false
    for (let conflicts = 0; ;) {
      const remainingMs = roundEndsAt - clock.monotonic()
      if (remainingMs <= 0) return this.#refuse(batch, NO_ANSWER)
      try {
        if (state === undefined) {
          state = await this.#read(remainingMs)
          isFresh = true
        }
        if ('problem' in state) return this.#refuseCorrupt(batch, state)
        const requests = this.#present(batch)
        const plan = this.#plan(state, requests)
        if (plan.transaction === undefined) {
          if (isFresh || requests.length === 0) return this.#answer(requests, plan)
          state = undefined
          continue
        }
        const result = await this.#options.store.commit(
          plan.transaction,
          roundEndsAt - clock.monotonic(),
        )
        if (result.outcome === 'committed') {
          this.#remember(plan, result.revision)
          return this.#answer(requests, plan)
        }
        state = readGroupState(result.snapshot, this.#options.group)
        isFresh = true
        conflicts += 1
        this.#noteConflict(conflicts)
        await this.#pause()
      } catch (error) {
        const isUnknown = this.#noteStoreError(error)
        if (!isUnknown) return this.#refuse(batch, this.#trouble ?? NO_ANSWER)
        state = undefined
        isFresh = false
        await this.#pause()
      }
    }
  }

  async #read(remainingMs: number): Promise<GroupState | CorruptGroup> {
    const { store, group } = this.#options
    const snapshot = await store.read(groupSelectors(group), remainingMs)
    const state = readGroupState(snapshot, group)
    this.#known = 'problem' in state ? undefined : { state, asOf: snapshot.revision }
    return state
  }

  /** The waiters that still want an answer; a grant to a client that has gone would be of no use. */
  #present(batch: readonly Waiter[]): readonly Waiter[] {
    return batch.filter((waiter) => {
      if (waiter.isGone()) waiter.settle({ outcome: 'refused', refusal: { kind: 'withdrawn' } })
      return !waiter.isSettled
    })
  }

  #plan(state: GroupState, requests: readonly Waiter[]): CommitPlan {
    const { group, clock, by } = this.#options
    return planCommit(state, requests, {
      group,
      settings: this.#settings,
      mustApplySlots: this.#mustApplySlots,
      mustFence: this.#isUnsettled,
      at: new Date(clock.now()).toISOString(),
      by,
    })
  }

  #remember(plan: CommitPlan, revision: number): void {
    const { group, events } = this.#options
    this.#known = { state: plan.stateAfter(revision), asOf: revision }
    if (plan.slotsApplied !== undefined) {
      events.slotsApplied(group, plan.slotsApplied.from, plan.slotsApplied.to)
    }
    if (this.#isUnsettled) {
      this.#isUnsettled = false
      events.groupSettled(group)
    }
  }

  #answer(requests: readonly Waiter[], plan: CommitPlan): readonly Waiter[] {
    const { group, events } = this.#options
    if (plan.settings === this.#settings) this.#mustApplySlots = false
    this.#trouble = undefined
    const semaphore = this.#known?.state.semaphore.value
    if (semaphore !== undefined && this.#settings !== undefined) {
      const { totalSlots, holders } = semaphore
      events.groupObserved({ group, totalSlots, holders: holders.length })
    }
    return requests.filter((waiter, index) => {
      const outcome = plan.outcomes[index]
      if (outcome !== undefined) waiter.settle(outcome)
      return outcome === undefined
    })
  }

  #noteConflict(conflicts: number): void {
    this.#options.events.storeConflict(this.#options.group)
    this.#trouble = { kind: 'store_conflict', attempts: conflicts }
  }

  #pause(): Promise<void> {
    return delay(this.#options.clock, PAUSE_MS.base + Math.random() * PAUSE_MS.jitter)
  }

  /** Returns whether a commit may have happened, or may still happen. */
  #noteStoreError(error: unknown): boolean {
    const { group, events } = this.#options
    this.#known = undefined
    const reason = error instanceof Error ? error.message : String(error)
    this.#trouble = { kind: 'store_unavailable', reason }
    // An error that is no StoreError says nothing about what was sent, so it counts as unknown too.
    const isUnknown = !(error instanceof StoreError) || error.kind === 'unknown'
    if (isUnknown && !this.#isUnsettled) {
      this.#isUnsettled = true
      events.groupUnsettled(group, reason)
    }
    return isUnknown
  }

  #refuseCorrupt(batch: readonly Waiter[], { key, problem }: CorruptGroup): readonly Waiter[] {
    this.#options.events.groupCorrupt(this.#options.group, key, problem)
    this.#trouble = { kind: 'store_corrupt', key, problem }
    return this.#refuse(batch, this.#trouble)
  }

  #refuse(batch: readonly Waiter[], refusal: Refusal): readonly Waiter[] {
    for (const waiter of batch) waiter.settle({ outcome: 'refused', refusal })
    return []
  }

  #refusal(otherwise: Refusal): Outcome {
    return { outcome: 'refused', refusal: this.#trouble ?? otherwise }
  }
}

/** The refusal of a request whose time ran out before anything else was known. */
const NO_ANSWER: Refusal = { kind: 'store_unavailable', reason: 'the store did not answer in time' }
