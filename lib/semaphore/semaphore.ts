import { compareBytes } from './compare-bytes.js'

/**
 * A counting semaphore: which nodes of a group hold one of its slots. Immutable.
 *
 * INVARIANTS:
 * - `totalSlots` is a whole number, at least 0.
 * - `holders` is sorted by bytes and has no duplicates.
 * - No operation here adds a holder when `holders.length >= totalSlots`. There may still be more
 *   holders than slots after the slots were lowered: nobody loses a slot by that.
 */
export interface Semaphore {
  readonly totalSlots: number
  readonly holders: readonly string[]
}

/** What {@link recursiveLock} did; the semaphore is the new one, or the same where nothing changed. */
export interface LockStep {
  readonly outcome: 'acquired' | 'already-held' | 'full'
  readonly semaphore: Semaphore
}

/** What {@link unlockIfHeld} did; the semaphore is the new one, or the same where nothing changed. */
export interface UnlockStep {
  readonly outcome: 'released' | 'not-held'
  readonly semaphore: Semaphore
}

/** A semaphore that nobody holds. */
export function createSemaphore(totalSlots: number): Semaphore {
  return { totalSlots, holders: [] }
}

/** Whether `id` holds a slot. */
export function isHolder(semaphore: Semaphore, id: string): boolean {
  return semaphore.holders[position(semaphore.holders, id)] === id
}

/** Whether one more node could take a slot. */
export function hasFreeSlot(semaphore: Semaphore): boolean {
  return semaphore.holders.length < semaphore.totalSlots
}

/** Takes a slot for `id`. Recursive, as FleetLock demands: a holder that locks again keeps its slot. */
export function recursiveLock(semaphore: Semaphore, id: string): LockStep {
  const index = position(semaphore.holders, id)
  if (semaphore.holders[index] === id) return { outcome: 'already-held', semaphore }
  if (!hasFreeSlot(semaphore)) return { outcome: 'full', semaphore }
  const holders = semaphore.holders.toSpliced(index, 0, id)
  return { outcome: 'acquired', semaphore: { ...semaphore, holders } }
}

/** Gives back the slot of `id`. A node that holds none may unlock as often as it likes. */
export function unlockIfHeld(semaphore: Semaphore, id: string): UnlockStep {
  const index = position(semaphore.holders, id)
  if (semaphore.holders[index] !== id) return { outcome: 'not-held', semaphore }
  const holders = semaphore.holders.toSpliced(index, 1)
  return { outcome: 'released', semaphore: { ...semaphore, holders } }
}

/** Changes the number of slots. Fewer slots than holders takes nothing from anyone. */
export function setTotalSlots(semaphore: Semaphore, totalSlots: number): Semaphore {
  return { ...semaphore, totalSlots }
}

/** Where `id` is, or would have to be inserted. */
function position(holders: readonly string[], id: string): number {
  let low = 0
  let high = holders.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytes(holders[middle] ?? '', id) < 0) low = middle + 1
    else high = middle
  }
  return low
}
