import { explainMachine } from './explain-machine.js'
import {
  describeOperation,
  type History,
  type Operation,
  type SemaphoreRevision,
  type Violation,
} from './history.js'
import { placeAnswers } from './timeline.js'

/**
 * Judges a history: is it one that a linearizable counting semaphore with recursive operations can
 * have had? Returns what speaks against it.
 *
 * The store's revisions fix the order of all changes, so no order of all operations has to be searched
 * for. What is left open is when each revision was committed, and which request made each change. For
 * each group:
 *
 * 1. Each revision by itself: one that adds a holder has no more holders than slots.
 * 2. Each answer gets a revision at which it is right, in an order that agrees with real time. That is
 *    exact, and yields the earliest and the latest moment at which each revision was committed.
 * 3. For each machine by itself, a search in the manner of Wing and Gong: each change of its holding
 *    has one operation that made it, and each operation made at most one change; an answered one
 *    between its start and end, an unknown one between its start and the fence.
 *
 * All three demand only what follows from linearizability, so a correct history is never rejected. One
 * thing can pass that should not: two machines whose explanations each fit into the moments of step 2,
 * but not together. Only unknown answers leave the choice that this takes.
 */
export function checkHistory(history: History): Violation[] {
  const groups = new Set([
    ...history.revisions.keys(),
    ...history.operations.map(({ group }) => group),
  ])
  return [...groups].flatMap((group) => checkGroup(history, group))
}

const NOTHING_STORED: SemaphoreRevision = { revision: 0, totalSlots: 0, holders: [] }

function checkGroup(history: History, group: string): readonly Violation[] {
  const revisions = history.revisions.get(group) ?? [NOTHING_STORED]
  const operations = history.operations.filter((operation) => operation.group === group)
  const sightings = (history.sightings ?? []).filter((sighting) => sighting.group === group)

  const wrong = [
    ...revisions.flatMap((revision) => checkForm(revision, group)),
    ...revisions.slice(1).flatMap((revision, index) => {
      const before = revisions[index]
      return before === undefined ? [] : checkGrants(before, revision, operations, group)
    }),
  ]
  if (wrong.length > 0) return wrong

  const answered = operations.filter(({ answer }) => answer !== 'unknown' && answer !== 'declined')
  const timeline = placeAnswers(revisions, answered, sightings)
  if ('violations' in timeline) return timeline.violations

  const machines = new Map<string, Operation[]>()
  for (const { holders } of revisions) for (const id of holders) machines.set(id, [])
  for (const operation of operations) {
    const own = machines.get(operation.id)
    if (own === undefined) machines.set(operation.id, [operation])
    else own.push(operation)
  }
  return [...machines].flatMap(
    ([id, own]) => explainMachine({ group, revisions, timeline }, id, own) ?? [],
  )
}

/** coreos/airlock searches the holders, so they must be sorted by bytes, and unique. */
function checkForm({ revision, holders }: SemaphoreRevision, group: string): Violation[] {
  const isSorted = holders.every((id, index) => {
    const previous = holders[index - 1]
    return previous === undefined || Buffer.compare(Buffer.from(previous), Buffer.from(id)) < 0
  })
  if (isSorted) return []
  const message = `revision ${revision} of ${group}: its holders are not sorted and unique`
  return [{ kind: 'malformed-revision', message }]
}

function checkGrants(
  before: SemaphoreRevision,
  { revision, holders, totalSlots }: SemaphoreRevision,
  operations: readonly Operation[],
  group: string,
): Violation[] {
  const granted = holders.filter((id) => !before.holders.includes(id))
  if (granted.length === 0 || holders.length <= totalSlots) return []
  const locks = operations.filter(
    ({ id, operation, answer }) =>
      granted.includes(id) &&
      operation === 'lock' &&
      (answer === 'acquired' || answer === 'unknown'),
  )
  const names = locks.map(describeOperation).join('; ') || 'no operation'
  const message = `revision ${revision} of ${group} makes ${granted.join(', ')} a holder: ${holders.length} holders of ${totalSlots} slots; asked for by: ${names}`
  return [{ kind: 'grant-beyond-slots', message }]
}
