import { describeOperation, type Operation, type Sighting, type Violation } from './history.js'
import type { SemaphoreRevision } from './history.js'

/**
 * When each revision of a group can have been committed: revision k between `earliest[k]` and
 * `latest[k]`. Both grow with k; the first revision, with which the history begins, is not bounded.
 */
export interface Timeline {
  readonly earliest: readonly number[]
  readonly latest: readonly number[]
}

/** Somebody who saw one of a group's revisions as the newest, at some moment from start to end. */
interface Witness {
  readonly start: number
  readonly end: number
  readonly saw: (index: number) => boolean
  readonly operation?: Operation
}

/** Whether an answer is right where a revision is the newest. */
export function isRightAt(
  { answer, id }: Operation,
  { holders, totalSlots }: SemaphoreRevision,
): boolean {
  if (answer === 'acquired') return holders.includes(id)
  if (answer === 'released') return !holders.includes(id)
  return !holders.includes(id) && holders.length >= totalSlots
}

/**
 * Gives each answer, and each sighting, a revision at which it is right, such that whatever ended
 * before another began has no later revision than that other; and derives when each revision can have
 * been committed. The choice of the earliest possible revision in the order of the starts is exact:
 * the only constraints are lower bounds, so if any choice is possible, that one is.
 */
export function placeAnswers(
  revisions: readonly SemaphoreRevision[],
  operations: readonly Operation[],
  sightings: readonly Sighting[],
): Timeline | { readonly violations: readonly Violation[] } {
  const witnesses: Witness[] = [
    ...operations.map((operation) => ({
      start: operation.start,
      end: operation.end,
      operation,
      saw: (index: number) => {
        const revision = revisions[index]
        return revision !== undefined && isRightAt(operation, revision)
      },
    })),
    ...sightings.map(({ start, end, revision }) => ({
      start,
      end,
      saw: (index: number) => revisions[index]?.revision === revision,
    })),
  ]
  const last = revisions.length - 1
  const violations: Violation[] = []
  const earliestOf = placeEarliest(witnesses, last, (witness, bound) => {
    violations.push(explainMisplaced(witness, revisions, bound))
  })
  if (violations.length > 0) return { violations }
  const latestOf = placeLatest(witnesses, last)

  const earliest = revisions.map(() => -Infinity)
  const latest = revisions.map(() => Infinity)
  for (const witness of witnesses) {
    const from = earliestOf.get(witness) ?? 0
    latest[from] = Math.min(latest[from] ?? Infinity, witness.end)
    const next = (latestOf.get(witness) ?? last) + 1
    if (next <= last) earliest[next] = Math.max(earliest[next] ?? -Infinity, witness.start)
  }
  for (let k = 1; k <= last; k++) earliest[k] = Math.max(at(earliest, k), at(earliest, k - 1))
  for (let k = last - 1; k >= 0; k--) latest[k] = Math.min(at(latest, k), at(latest, k + 1))
  return { earliest, latest }
}

function placeEarliest(
  witnesses: readonly Witness[],
  last: number,
  onMisplaced: (witness: Witness, bound: number) => void,
): Map<Witness, number> {
  const byStart = witnesses.toSorted((a, b) => a.start - b.start)
  const byEnd = witnesses.toSorted((a, b) => a.end - b.end)
  const places = new Map<Witness, number>()
  let bound = 0
  let done = 0
  for (const witness of byStart) {
    for (let other = byEnd[done]; other && other.end < witness.start; other = byEnd[++done]) {
      bound = Math.max(bound, places.get(other) ?? 0)
    }
    let place = bound
    while (place <= last && !witness.saw(place)) place++
    if (place > last) onMisplaced(witness, bound)
    // A misplaced one must not make all that follow misplaced too.
    places.set(witness, place > last ? bound : place)
  }
  return places
}

function placeLatest(witnesses: readonly Witness[], last: number): Map<Witness, number> {
  const byEnd = witnesses.toSorted((a, b) => b.end - a.end)
  const byStart = witnesses.toSorted((a, b) => b.start - a.start)
  const places = new Map<Witness, number>()
  let bound = last
  let done = 0
  for (const witness of byEnd) {
    for (let other = byStart[done]; other && other.start > witness.end; other = byStart[++done]) {
      bound = Math.min(bound, places.get(other) ?? last)
    }
    let place = bound
    while (place > 0 && !witness.saw(place)) place--
    places.set(witness, place)
  }
  return places
}

function explainMisplaced(
  { operation, start, end }: Witness,
  revisions: readonly SemaphoreRevision[],
  bound: number,
): Violation {
  const from = revisions[bound]?.revision ?? 0
  if (operation === undefined) {
    const message = `a read from ${start.toFixed(1)} to ${end.toFixed(1)} saw a revision older than ${from}, which was seen before`
    return { kind: 'unexplained-answer', message }
  }
  const what = describeOperation(operation)
  const wasRight = revisions.some((revision) => isRightAt(operation, revision))
  if (operation.answer === 'acquired' && !wasRight) {
    const message = `${what}: the store has never had ${operation.id} among the holders`
    return { kind: 'holder-lost', message }
  }
  if (operation.answer === 'acquired') {
    const message = `${what}: from revision ${from} on, which was seen before, the store does not have it among the holders`
    return { kind: 'holder-lost', message }
  }
  if (operation.answer === 'released') {
    const message = `${what}: it is among the holders in revision ${from}, which was seen before, and in all later ones`
    return { kind: 'release-not-done', message }
  }
  const message = `${what}: from revision ${from} on, which was seen before, there is none in which all slots are held by others`
  return { kind: 'unexplained-answer', message }
}

function at(values: readonly number[], index: number): number {
  const value = values[index]
  if (value === undefined) throw new RangeError(`no revision ${index}`)
  return value
}
