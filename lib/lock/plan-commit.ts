import { printSemaphore } from '../semaphore/semaphore-document.js'
import { createSemaphore, setTotalSlots, type Semaphore } from '../semaphore/semaphore.js'
import type { Guard, Put, Transaction } from '../store/store.js'
import { decideBatch, type BatchRequest, type Outcome } from './batch.js'
import type { Change, ChangeRecord, HolderRecord } from './change.js'
import type { GroupState } from './group-state.js'
import { configuredSlotsKey, eventKey, holderKey, semaphoreKey } from './keys.js'

/** Who decides over a group's number of slots: the config when it changes, or the store alone. */
export type SlotsSource = 'config' | 'store'

/** What a plan depends on beside the group's state and the requests. */
export interface PlanContext {
  readonly group: string
  /** The group's slots in the configuration. */
  readonly slots: number
  readonly slotsSource: SlotsSource
  /** Whether this daemon still has to apply the configured slots, once after a start or reload. */
  readonly mustApplySlots: boolean
  /** Whether the document is written even unchanged, to make an earlier, uncertain commit fail. */
  readonly mustFence: boolean
  /** RFC 3339. */
  readonly at: string
  /** `user@host`. */
  readonly by: string
}

/** A batch decided, and the one transaction that makes it so. */
export interface CommitPlan {
  /** One for each request; undefined for those left to the next batch. */
  readonly outcomes: readonly (Outcome | undefined)[]
  /** What is to be written; undefined where nothing changes. */
  readonly transaction: Transaction | undefined
  /** The slots before and after, where the configured number was applied. */
  readonly slotsApplied: { readonly from: number | undefined; readonly to: number } | undefined
  /** The group's state once the transaction is committed at a revision. */
  stateAfter(revision: number): GroupState
}

/** Decides a batch of requests on a group's state and composes the net change. Pure. */
export function planCommit(
  state: GroupState,
  requests: readonly BatchRequest[],
  context: PlanContext,
): CommitPlan {
  const isNew = state.semaphore === undefined
  const mayApply = context.slotsSource === 'config' && (context.mustApplySlots || isNew)
  const appliesSlots = mayApply && state.configuredSlots !== context.slots
  const stored = state.semaphore ?? createSemaphore(context.slots)
  const before = appliesSlots ? setTotalSlots(stored, context.slots) : stored
  const decision = decideBatch(before, requests)

  const previousSlots = state.semaphore?.totalSlots
  const changes = changesOf(decision, previousSlots)
  const hasChanges = decision.granted.length > 0 || decision.released.length > 0 || appliesSlots
  const mustWrite = hasChanges || context.mustFence || (isNew && context.mustApplySlots)
  return {
    outcomes: decision.outcomes,
    transaction: mustWrite
      ? composeTransaction(state, decision, changes, appliesSlots, context)
      : undefined,
    slotsApplied: appliesSlots ? { from: previousSlots, to: context.slots } : undefined,
    stateAfter: (revision) => ({
      semaphore: decision.semaphore,
      revision,
      version: state.version + 1,
      configuredSlots: appliesSlots ? context.slots : state.configuredSlots,
      configuredSlotsRevision: appliesSlots ? revision : state.configuredSlotsRevision,
    }),
  }
}

interface NetChange {
  readonly semaphore: Semaphore
  readonly granted: readonly string[]
  readonly released: readonly string[]
}

function changesOf(net: NetChange, previousSlots: number | undefined): readonly Change[] {
  const to = net.semaphore.totalSlots
  return [
    ...(previousSlots === to
      ? []
      : [{ type: 'slots-set', from: previousSlots ?? null, to } as const]),
    ...net.released.map((id) => ({ type: 'released', id }) as const),
    ...net.granted.map((id) => ({ type: 'granted', id }) as const),
  ]
}

function composeTransaction(
  state: GroupState,
  net: NetChange,
  changes: readonly Change[],
  appliesSlots: boolean,
  { group, slots, at, by }: PlanContext,
): Transaction {
  const unchanged: Guard[] = [{ key: semaphoreKey(group), revision: state.revision }]
  const puts: Put[] = [{ key: semaphoreKey(group), value: printSemaphore(net.semaphore) }]
  if (appliesSlots) {
    unchanged.push({ key: configuredSlotsKey(group), revision: state.configuredSlotsRevision })
    puts.push({ key: configuredSlotsKey(group), value: String(slots) })
  }
  const holder: HolderRecord = { since: at, by }
  for (const id of net.granted) {
    puts.push({ key: holderKey(group, id), value: JSON.stringify(holder) })
  }
  if (changes.length > 0) {
    const record: ChangeRecord = { at, by, changes }
    puts.push({ key: eventKey(group, state.version + 1), value: JSON.stringify(record) })
  }
  return { unchanged, puts, deletes: net.released.map((id) => holderKey(group, id)) }
}
