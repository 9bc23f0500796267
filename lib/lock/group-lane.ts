import { delay, type Cancel, type Clock } from '../calendar/clock.js'
import type { Refusal } from '../semaphore/refusal.js'
import type { GroupGates } from '../gates/gate.js'
import type { CommitResult, Store, Transaction } from '../store/store.js'
import type { Events } from '../telemetry/events.js'
import { MAX_CHANGED_IDS, type Outcome } from './batch.js'
import { GateKeeper } from './gate-keeper.js'
import {
  CAPPED_SELECTORS,
  groupSelectors,
  heldUpSince,
  mayGrant,
  readCappedState,
  readGroupState,
  type CorruptGroup,
  type GroupState,
} from './group-state.js'
import { LaneTrouble } from './lane-trouble.js'
import { PendingRequest, type Client } from './pending-request.js'
import { planCommit, type CommitPlan, type LaneSettings } from './plan-commit.js'
import type { GroupEvent } from './read-events.js'
import type { Turnstile } from './turnstile.js'
import { WaitingRoom, type Waiter, type WaiterLimit } from './waiting-room.js'

/** What a lane needs; the same for all lanes but for the group and its settings. */
export interface GroupLaneOptions {
  readonly group: string
  /** Undefined for a group that is not configured: nothing is applied to it, nobody takes a slot. */
  readonly settings: LaneSettings | undefined
  readonly store: Store
  readonly clock: Clock
  readonly events: Events
  /** Hard bound in milliseconds on how long one request waits for the store. */
  readonly timeoutMs: number
  /** This daemon as `user@host`, for the records of holders and changes. */
  readonly by: string
  /** How many requests may wait for a slot, over all lanes. */
  readonly waiterLimit: WaiterLimit
  /** Has the store polled attentively until the returned function is called. */
  readonly watchStore: () => Cancel
  /** Hears of each change that the lane has committed; it must return at once and not throw. */
  readonly onChange?: (event: GroupEvent) => void
  /** Hears whenever somebody begins or ends to wait for a slot. */
  readonly onWaitersChange?: () => void
  /** Shared by all lanes: grants under a cap over all groups go through one at a time. */
  readonly turnstile: Turnstile
}

/** Who waits for a slot of a group. */
export interface Waiters {
  readonly waiting: number
  readonly first: readonly Waiter[]
}

/** Pause in milliseconds before a batch is decided again, its random part so that replicas spread out. */
const PAUSE_MS = { base: 2, jitter: 10 }

/** With less time, in milliseconds, nothing is asked of the store any more: it could not answer. */
const SHORTEST_MS = 20

/**
 * Longest time for the gates, in milliseconds. A question takes 10 s at most; up to four may come after one
 * another: the lane's own and that of other groups that is under way, and then the next of both.
 */
const GATES_TIMEOUT_MS = 45_000

const GATES_TOO_SLOW: Refusal = {
  kind: 'gate_error',
  gate: 'all',
  reason: 'they did not answer in time',
}

/** Refusals that rest on more than the semaphore, which is all that a release compares. */
const NOT_COMPARED: ReadonlySet<Refusal['kind']> = new Set(['paused', 'cooldown'])

/** A group's state, and the store's revision at which it was read or made. */
interface KnownState {
  readonly state: GroupState
  readonly asOf: number
}

/**
 * All requests of one group, one batch after the other. It is long for one file because it is one loop:
 * what is decided, awaited or remembered for a while is apart (batch, plan-commit, waiting-room,
 * gate-keeper, lane-trouble), and what remains has to be read together to see that it is right.
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
 * - Every request is answered within `timeoutMs`, or else waits for a slot; slots go to those who wait
 *   in the order in which they came.
 */
export class GroupLane {
  readonly #options: GroupLaneOptions
  readonly #waitingRoom: WaitingRoom
  readonly #trouble: LaneTrouble
  readonly #gateKeeper: GateKeeper
  #queue: PendingRequest[] = []
  #known: KnownState | undefined
  #isRunning = false
  #isClosed = false
  #settings: LaneSettings | undefined
  /** Whether the configured slots are still to be applied, once after a start or a reload. */
  #mustApplySlots: boolean
  /** Whether there is something to do: for a request, for who waits, to apply slots, or to fence. */
  #isRoundDue = false

  constructor(options: GroupLaneOptions) {
    const { group, settings, clock, events, timeoutMs, waiterLimit, watchStore } = options
    this.#options = options
    this.#settings = settings
    this.#mustApplySlots = settings !== undefined
    this.#trouble = new LaneTrouble(group, events)
    this.#gateKeeper = new GateKeeper({
      clock,
      holdsMs: timeoutMs,
      onVerdict: (requests) => {
        const arrived = requests.filter((request) => !this.#waitingRoom.has(request))
        for (const request of arrived) {
          request.refusal = this.#trouble.refusal
          request.expireAt(clock.monotonic() + timeoutMs)
        }
        this.#queue = [...arrived, ...this.#queue]
        this.#startRound()
      },
      onAgain: () => {
        const waiting = this.#waitingRoom.first(this.#waitingRoom.size)
        for (const request of waiting) request.forgetVerdict()
        this.#startRound()
      },
    })
    this.#waitingRoom = new WaitingRoom({
      limit: waiterLimit,
      clock,
      watchStore,
      onCountChange: (count) => {
        options.onWaitersChange?.()
        if (this.#settings !== undefined) events.waitersChanged(group, count)
      },
      onWaited: (seconds) => events.waited(seconds),
    })
  }

  /** How many wait for a slot, and the first `count` of them in their order. */
  waiters(count: number): Waiters {
    return { waiting: this.#waitingRoom.size, first: this.#waitingRoom.list(count) }
  }

  /** Puts other settings in force; the next round applies the slots. */
  configure(settings: LaneSettings | undefined): void {
    const { group } = this.#options
    this.#settings = settings
    this.#mustApplySlots = settings !== undefined
    if (settings === undefined) this.#waitingRoom.refuseAll({ kind: 'unknown_group', group })
  }

  /** Takes a slot for `id`, unless it holds one already. Not done if the client is gone by then. */
  lock(id: string, client: Client): Promise<Outcome> {
    return this.#enqueue('lock', id, client)
  }

  /** Gives back the slot of `id`, if it holds one. Not done if the client is gone by then. */
  unlock(id: string, client: Client): Promise<Outcome> {
    if (!client.isGone()) {
      this.#waitingRoom.withdraw(id)
      this.#gateKeeper.withdraw(id)
    }
    return this.#enqueue('unlock', id, client)
  }

  /**
   * Tells the lane what a poll of the store has seen. It saves a conflict where another replica has
   * changed the group, and sets off what is still to be done without a request.
   */
  observe(state: GroupState, asOf: number): void {
    const known = this.#known
    const isNews = known === undefined || isNewer({ state, asOf }, known)
    if (isNews) this.#known = { state, asOf }
    // A pause gives no slot to who waits, but another reason.
    const hasNewReason = known !== undefined && heldUpSince(state) !== heldUpSince(known.state)
    const concernsWaiters = isNews && (mayGrant(state) || hasNewReason)
    if (
      (concernsWaiters && this.#waitingRoom.size > 0) ||
      this.#mustApplySlots ||
      this.#trouble.isUnsettled
    )
      this.#startRound()
  }

  /** A commit to the group that was made elsewhere in this daemon may have happened, or may still happen. */
  noteUncertain(reason: string): void {
    this.#known = undefined
    this.#trouble.noteUncertain(reason)
    this.#startRound()
  }

  /** Refuses all that wait, for a slot or for the gates, and lets nobody wait any more; the rest is served. */
  endWaiting(): void {
    this.#waitingRoom.close()
    this.#waitingRoom.refuseAll({ kind: 'shutting_down' })
    this.#refuse(this.#gateKeeper.close(), { kind: 'shutting_down' })
  }

  /** Refuses all that is not under way, and all that comes. */
  close(): void {
    this.#isClosed = true
    this.endWaiting()
    this.#refuse(this.#queue.splice(0), { kind: 'shutting_down' })
  }

  #enqueue(operation: 'lock' | 'unlock', id: string, client: Client): Promise<Outcome> {
    const { clock, timeoutMs } = this.#options
    if (this.#isClosed) return Promise.resolve(refused({ kind: 'shutting_down' }))
    const request = new PendingRequest({ operation, id }, client, clock, this.#trouble.refusal)
    request.expireAt(request.arrivedAt + timeoutMs)
    this.#queue.push(request)
    this.#startRound()
    return request.answer
  }

  #startRound(): void {
    this.#isRoundDue = true
    if (this.#isRunning) return
    this.#isRunning = true
    void this.#run().finally(() => {
      this.#isRunning = false
    })
  }

  async #run(): Promise<void> {
    while (this.#isRoundDue) {
      this.#isRoundDue = false
      const arrived = this.#queue
      this.#queue = []
      const rest = await (this.#isCapped(arrived)
        ? this.#options.turnstile.pass(() => this.#serve(arrived))
        : this.#serve(arrived))
      if (rest.length === 0) continue
      this.#queue = [...rest, ...this.#queue]
      this.#isRoundDue = true
    }
  }

  /** Whether a grant may come of this that a cap over all groups concerns. */
  #isCapped(arrived: readonly PendingRequest[]): boolean {
    if (this.#settings?.totalSlotsMax === undefined) return false
    return this.#waitingRoom.size > 0 || arrived.some(({ operation }) => operation === 'lock')
  }

  /** Answers a batch: who waits for a slot, then who has just arrived. Returns those left to the next. */
  async #serve(arrived: readonly PendingRequest[]): Promise<readonly PendingRequest[]> {
    const { clock, timeoutMs, group } = this.#options
    const latestEnd = arrived.reduce((latest, request) => Math.max(latest, request.endsAt), 0)
    const endsAt = arrived.length > 0 ? latestEnd : clock.monotonic() + timeoutMs
    const isCapped = this.#isCapped(arrived)
    // Under a cap what the others hold has to be counted first.
    let state: GroupState | CorruptGroup | undefined = isCapped ? undefined : this.#known?.state
    let isFresh = false
    let conflicts = 0
    for (;;) {
      const remainingMs = endsAt - clock.monotonic()
      if (remainingMs < SHORTEST_MS) return this.#refuse(arrived, this.#trouble.refusal)
      try {
        if (state === undefined) {
          state = await this.#read(remainingMs, isCapped)
          isFresh = true
        }
        if ('problem' in state) return this.#refuseCorrupt(arrived, state)
        const requests = this.#batch(arrived)
        const plan = this.#plan(state, requests)
        if (plan.transaction === undefined) {
          if (isFresh || requests.length === 0) return this.#answer(requests, plan, isFresh)
          state = undefined
          continue
        }
        const { transaction } = plan
        const commitMs = endsAt - clock.monotonic()
        const result = await this.#commit({ ...plan, transaction }, requests, commitMs)
        if (result.outcome === 'committed') {
          this.#remember(plan, result.revision)
          return this.#answer(requests, plan, isFresh)
        }
        // What was compared is not enough to count what the others hold: that is read anew.
        state = isCapped ? undefined : readGroupState(result.snapshot, group)
        isFresh = !isCapped
        conflicts += 1
        this.#trouble.noteConflict(conflicts)
      } catch (error) {
        this.#known = undefined
        const isUnknown = this.#trouble.noteStoreError(error)
        if (!isUnknown) return this.#refuse(arrived, this.#trouble.refusal)
        state = undefined
        isFresh = false
      }
      for (const request of arrived) request.refusal = this.#trouble.refusal
      await delay(clock, PAUSE_MS.base + Math.random() * PAUSE_MS.jitter)
    }
  }

  async #read(remainingMs: number, isCapped: boolean): Promise<GroupState | CorruptGroup> {
    const { store, group } = this.#options
    const selectors = isCapped ? CAPPED_SELECTORS : groupSelectors(group)
    const snapshot = await store.read(selectors, remainingMs)
    const state = (isCapped ? readCappedState : readGroupState)(snapshot, group)
    this.#known = 'problem' in state ? undefined : { state, asOf: snapshot.revision }
    return state
  }

  /**
   * Who still wants an answer, in the order in which slots are due to them. Of those who wait, no more
   * than one commit can serve; where more wait, nobody who has just arrived may overtake them. What gates
   * from before a reload have said does not count.
   */
  #batch(arrived: readonly PendingRequest[]): readonly PendingRequest[] {
    const waiting = this.#waitingRoom.first(MAX_CHANGED_IDS)
    const isCrowded = this.#waitingRoom.size > waiting.length
    for (const request of arrived) request.isBehind = isCrowded
    return [...waiting, ...arrived].filter((request) => {
      if (!request.isJudgedBy(this.#settings?.gates)) request.forgetVerdict()
      if (request.isPointless()) request.settle(refused({ kind: 'withdrawn' }))
      return !request.isAnswered
    })
  }

  #plan(state: GroupState, requests: readonly PendingRequest[]): CommitPlan {
    const { group, clock, by } = this.#options
    return planCommit(state, requests, {
      group,
      settings: this.#settings,
      mustApplySlots: this.#mustApplySlots,
      mustFence: this.#trouble.isUnsettled,
      at: new Date(clock.now()).toISOString(),
      by,
    })
  }

  #remember(plan: CommitPlan, revision: number): void {
    const { group, events, onChange } = this.#options
    this.#known = { state: plan.stateAfter(revision), asOf: revision }
    if (plan.slotsApplied !== undefined) {
      events.slotsApplied(group, plan.slotsApplied.from, plan.slotsApplied.to)
    }
    if (plan.record !== undefined) onChange?.({ group, revision, ...plan.record })
    // One that became uncertain while this was under way is still to be fenced.
    if (plan.isFence) this.#trouble.fenced()
  }

  /**
   * Commits a plan. Until the end of that is known, nobody who waits is told that the wait is over, or that
   * airlock stops: it may be granted just now.
   */
  async #commit(
    { transaction, outcomes }: CommitPlan & { readonly transaction: Transaction },
    requests: readonly PendingRequest[],
    timeoutMs: number,
  ): Promise<CommitResult> {
    const waiting = requests.filter((request) => this.#waitingRoom.has(request))
    for (const request of waiting) request.hold()
    let refusal: Refusal | undefined = this.#trouble.refusal
    try {
      const result = await this.#options.store.commit(transaction, timeoutMs)
      refusal = undefined
      if (result.outcome === 'conflict') return result
      for (const [index, request] of requests.entries()) {
        const outcome = outcomes[index]
        if (outcome !== undefined && outcome.outcome !== 'refused') request.settle(outcome)
      }
      return result
    } finally {
      for (const request of waiting) request.letGo(refusal)
    }
  }

  /**
   * Settles a batch by what is in the store now; returns those for whom there was no room in it. A commit
   * that did not begin with a read compared the semaphore, but not what else refuses: those are left, too.
   */
  #answer(
    requests: readonly PendingRequest[],
    plan: CommitPlan,
    isFresh: boolean,
  ): readonly PendingRequest[] {
    const { group, events } = this.#options
    if (plan.settings === this.#settings) this.#mustApplySlots = false
    this.#trouble.over()
    const state = this.#known?.state
    if (state?.semaphore.value !== undefined && this.#settings !== undefined) {
      const { totalSlots, holders } = state.semaphore.value
      events.groupObserved({ group, totalSlots, holders: holders.length })
    }
    const waitMs = this.#settings?.waitTimeoutMs ?? 0
    const gates = this.#settings?.gates
    // A reload may have removed them since the plan was made.
    const asking = new Set(gates === undefined ? [] : plan.asking)
    if (gates !== undefined)
      this.#askGates(
        gates,
        requests.filter((_, index) => asking.has(index)),
      )
    const left: PendingRequest[] = []
    for (const [index, request] of requests.entries()) {
      const outcome = plan.outcomes[index]
      if (outcome === undefined) {
        if (!this.#waitingRoom.has(request) && !asking.has(index)) left.push(request)
        continue
      }
      if (outcome.outcome === 'refused' && request.operation === 'lock') {
        if (!isFresh && NOT_COMPARED.has(outcome.refusal.kind)) {
          if (!this.#waitingRoom.has(request)) left.push(request)
          continue
        }
        if (this.#waitingRoom.admit(request, outcome.refusal, waitMs)) continue
      }
      request.settle(outcome)
    }
    const mayGoOn = plan.hasMoved && state !== undefined && mayGrant(state)
    if (mayGoOn && this.#waitingRoom.size > 0) this.#isRoundDue = true
    return left
  }

  /** Who has just arrived gets time for the gates, and then for the store once more. */
  #askGates(gates: GroupGates, requests: readonly PendingRequest[]): void {
    const { clock, timeoutMs } = this.#options
    if (requests.length === 0) return
    if (this.#gateKeeper.isClosed) {
      this.#refuse(requests, { kind: 'shutting_down' })
      return
    }
    for (const request of requests) {
      if (this.#waitingRoom.has(request)) continue
      request.refusal = GATES_TOO_SLOW
      request.expireAt(clock.monotonic() + GATES_TIMEOUT_MS + timeoutMs)
    }
    this.#gateKeeper.ask(gates, requests)
  }

  #refuseCorrupt(
    arrived: readonly PendingRequest[],
    { key, problem }: CorruptGroup,
  ): readonly PendingRequest[] {
    this.#trouble.noteCorrupt(key, problem)
    this.#waitingRoom.refuseAll(this.#trouble.refusal)
    return this.#refuse(arrived, this.#trouble.refusal)
  }

  #refuse(requests: readonly PendingRequest[], refusal: Refusal): readonly PendingRequest[] {
    for (const request of requests) request.settle(refused(refusal))
    return []
  }
}

/** A cooldown may also end without a new revision. */
function isNewer(seen: KnownState, known: KnownState): boolean {
  if (seen.asOf !== known.asOf) return seen.asOf > known.asOf
  return seen.state.cooldown.revision < known.state.cooldown.revision
}

function refused(refusal: Refusal): Outcome {
  return { outcome: 'refused', refusal }
}
