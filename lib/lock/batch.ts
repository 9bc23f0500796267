import type { Refusal } from '../semaphore/refusal.js'
import {
  hasFreeSlot,
  isHolder,
  recursiveLock,
  unlockIfHeld,
  type Semaphore,
} from '../semaphore/semaphore.js'

/** A request as the decision sees it. */
export interface BatchRequest {
  readonly operation: 'lock' | 'unlock'
  readonly id: string
  /** What the gates say; undefined while they have not been asked, or need not be. */
  readonly verdict?: 'open' | Refusal | undefined
  /** Whether others wait ahead of it who are not in this batch: it may be confirmed, but take nothing. */
  readonly isBehind?: boolean
}

/** What became of a request. */
export type Outcome =
  | { readonly outcome: 'acquired' | 'already-held' | 'released' | 'not-held' }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }

/** What a batch of requests comes to. */
export interface BatchDecision {
  /** The semaphore after the batch; the same object where its net effect is nothing. */
  readonly semaphore: Semaphore
  /** One for each request, in their order; undefined for those left to the next batch. */
  readonly outcomes: readonly (Outcome | undefined)[]
  /** Requests that could be granted, once the gates have been asked; their outcome is undefined. */
  readonly asking: readonly number[]
  /** Ids that hold after the batch and did not before. */
  readonly granted: readonly string[]
  /** Ids that held before the batch and do not after. */
  readonly released: readonly string[]
}

/** What binds grants beside the slots; holders and releases are never concerned. */
export interface GrantConditions {
  /** Why no node may take a slot now, if there is such a reason. */
  readonly barrier?: Refusal | undefined
  /** Why a batch that releases grants nothing, where the group rests after a release. */
  readonly afterRelease?: Refusal | undefined
  /** The cap over all groups, and what the other groups hold. */
  readonly cap?: { readonly max: number; readonly heldByOthers: number } | undefined
  /** Whether a grant needs the gates' verdict. */
  readonly hasGates?: boolean | undefined
}

/**
 * Most ids that one batch may change. Each is one operation beside the semaphore, the event and the
 * slots; etcd allows 128 in a transaction.
 */
export const MAX_CHANGED_IDS = 100

/**
 * Decides a batch of requests of one group. Pure; the requests are in the order of their arrival.
 *
 * Holders are answered and releases applied first, so that a slot given back in this batch can be
 * granted in it; then the grants, in order. One machine's own requests keep their order among each
 * other: a steady-state that came after the same machine's waiting pre-reboot withdraws that one, or
 * a machine that gave up would end as a holder.
 *
 * The gates are asked only for whom a slot is free. While they are asked for one request, those that
 * come after it are not granted either, so that the order is kept.
 */
export function decideBatch(
  before: Semaphore,
  requests: readonly BatchRequest[],
  conditions: GrantConditions = {},
): BatchDecision {
  const outcomes = new Array<Outcome | undefined>(requests.length).fill(undefined)
  const changed = new Set<string>()
  const postponed = new Set<string>()
  const waitingLocks = new Map<string, number[]>()
  let semaphore = before

  /** Claims one of the batch's changes for `id`; false leaves all its further requests for later. */
  const mayChange = (id: string): boolean => {
    if (changed.has(id)) return true
    if (changed.size >= MAX_CHANGED_IDS) {
      postponed.add(id)
      return false
    }
    changed.add(id)
    return true
  }

  for (const [index, { operation, id }] of requests.entries()) {
    if (postponed.has(id)) continue
    if (operation === 'lock') {
      if (isHolder(semaphore, id)) outcomes[index] = { outcome: 'already-held' }
      else waitingLocks.set(id, [...(waitingLocks.get(id) ?? []), index])
      continue
    }
    if (isHolder(semaphore, id) && !mayChange(id)) continue
    for (const earlier of waitingLocks.get(id) ?? []) {
      outcomes[earlier] = { outcome: 'refused', refusal: { kind: 'withdrawn' } }
    }
    waitingLocks.delete(id)
    const step = unlockIfHeld(semaphore, id)
    semaphore = step.semaphore
    outcomes[index] = { outcome: step.outcome }
  }

  const hasReleased = [...changed].some((id) => !isHolder(semaphore, id))
  const asking: number[] = []
  for (const [index, request] of requests.entries()) {
    const { operation, id } = request
    const isWaiting = operation === 'lock' && outcomes[index] === undefined && !postponed.has(id)
    if (!isWaiting) continue
    if (!isHolder(semaphore, id)) {
      const refusal = refusalOf(semaphore, request, conditions, hasReleased)
      if (refusal !== undefined) {
        outcomes[index] = { outcome: 'refused', refusal }
        continue
      }
      const needsVerdict = conditions.hasGates === true && request.verdict !== 'open'
      if (needsVerdict || asking.length > 0) {
        asking.push(index)
        continue
      }
      if (!mayChange(id)) continue
    }
    const step = recursiveLock(semaphore, id)
    semaphore = step.semaphore
    outcomes[index] =
      step.outcome === 'full'
        ? { outcome: 'refused', refusal: fullRefusal(semaphore) }
        : { outcome: step.outcome }
  }

  const granted = [...changed].filter((id) => isHolder(semaphore, id) && !isHolder(before, id))
  const released = [...changed].filter((id) => !isHolder(semaphore, id) && isHolder(before, id))
  const isUnchanged = granted.length === 0 && released.length === 0
  return { semaphore: isUnchanged ? before : semaphore, outcomes, asking, granted, released }
}

/** Why a node that holds nothing may not take a slot now, as far as is known without asking anyone. */
function refusalOf(
  semaphore: Semaphore,
  { isBehind, verdict }: BatchRequest,
  { barrier, afterRelease, cap }: GrantConditions,
  hasReleased: boolean,
): Refusal | undefined {
  if (barrier !== undefined) return barrier
  if (isBehind === true || !hasFreeSlot(semaphore)) return fullRefusal(semaphore)
  if (hasReleased && afterRelease !== undefined) return afterRelease
  if (cap !== undefined) {
    const held = cap.heldByOthers + semaphore.holders.length
    if (held >= cap.max) return { kind: 'total_full', max: cap.max, held }
  }
  return verdict === 'open' ? undefined : verdict
}

function fullRefusal({ totalSlots, holders }: Semaphore): Refusal {
  return { kind: 'semaphore_full', totalSlots, holders: holders.length }
}
