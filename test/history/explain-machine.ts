import { describeOperation, type Operation, type Violation } from './history.js'
import type { SemaphoreRevision } from './history.js'
import { isRightAt, type Timeline } from './timeline.js'

/** What {@link explainMachine} needs to know of a group. */
export interface ExplainContext {
  readonly group: string
  readonly revisions: readonly SemaphoreRevision[]
  readonly timeline: Timeline
}

/** A revision by which a machine became a holder, or ceased to be one. */
interface Step {
  readonly index: number
  readonly operation: 'lock' | 'unlock'
}

/** How far an explanation has come, and how. */
interface Progress {
  /** How many of the machine's answered operations have their place. */
  readonly answered: number
  /** How many of its steps have their operation. */
  readonly steps: number
  /** No earlier than this can what comes next have happened. */
  readonly now: number
  /** The unknown operations, by number, that have taken effect. */
  readonly used: readonly number[]
}

/** More than any history of a test needs; a search beyond it would not end. */
const MAX_PROGRESS = 500_000

/**
 * Searches for an order in which one machine's operations explain its steps in the store, and its
 * steps explain its answers; undefined if there is one. Each operation takes effect at most once; an
 * answered one between its start and its end, an unknown one between its start and the fence.
 */
export function explainMachine(
  context: ExplainContext,
  id: string,
  operations: readonly Operation[],
): Violation | undefined {
  const search = new Search(context, id, operations)
  const visited = new Set<string>()
  const open: Progress[] = [{ answered: 0, steps: 0, now: -Infinity, used: [] }]
  let furthest = open[0]
  for (let progress = open.pop(); progress !== undefined; progress = open.pop()) {
    if (search.isComplete(progress)) return undefined
    const key = JSON.stringify(progress)
    if (visited.has(key)) continue
    visited.add(key)
    if (visited.size > MAX_PROGRESS) throw new Error(`the history of ${id} is too open to judge`)
    if (furthest === undefined || lengthOf(progress) > lengthOf(furthest)) furthest = progress
    open.push(...search.next(progress).reverse())
  }
  return furthest === undefined ? undefined : search.explainEnd(furthest)
}

function lengthOf({ answered, steps }: Progress): number {
  return answered + steps
}

class Search {
  readonly #context: ExplainContext
  readonly #id: string
  readonly #answered: readonly Operation[]
  readonly #unknown: readonly Operation[]
  readonly #steps: readonly Step[]

  constructor(context: ExplainContext, id: string, operations: readonly Operation[]) {
    this.#context = context
    this.#id = id
    this.#answered = operations.filter(hasEffectKnown).toSorted((a, b) => a.start - b.start)
    // Those that are fenced first are tried first: the others can still serve for later steps.
    this.#unknown = operations
      .filter(({ answer }) => answer === 'unknown')
      .toSorted((a, b) => abandonedAt(a) - abandonedAt(b))
    this.#steps = stepsOf(id, context.revisions)
    for (const [index, { end }] of this.#answered.entries()) {
      const next = this.#answered[index + 1]
      if (next !== undefined && next.start < end) {
        throw new Error(`answered operations overlap: ${describeOperation(next)}`)
      }
    }
  }

  isComplete({ answered, steps }: Progress): boolean {
    return answered === this.#answered.length && steps === this.#steps.length
  }

  /** What can come next, the likeliest first. */
  next(progress: Progress): Progress[] {
    const operation = this.#answered[progress.answered]
    const step = this.#steps[progress.steps]
    return [
      ...(operation && step ? this.#withStep(progress, operation, step) : []),
      ...(operation ? this.#withoutStep(progress, operation) : []),
      ...(step ? this.#byUnknown(progress, step) : []),
    ]
  }

  /** The answered operation is what made the step. */
  #withStep(progress: Progress, operation: Operation, step: Step): Progress[] {
    if (operation.operation !== step.operation || operation.answer === 'refused') return []
    const now = Math.max(progress.now, operation.start, this.#earliest(step.index))
    if (now > Math.min(operation.end, this.#latest(step.index))) return []
    const { answered, steps, used } = progress
    return [{ answered: answered + 1, steps: steps + 1, now, used }]
  }

  /** The answered operation changed nothing; its answer is right at a revision before the next step. */
  #withoutStep(progress: Progress, operation: Operation): Progress[] {
    const { revisions } = this.#context
    const first = progress.steps === 0 ? 0 : (this.#steps[progress.steps - 1]?.index ?? 0)
    const end = this.#steps[progress.steps]?.index ?? revisions.length
    const notBefore = Math.max(progress.now, operation.start)
    for (let index = this.#firstEndingAfter(notBefore, first); index < end; index++) {
      const now = Math.max(notBefore, this.#earliest(index))
      if (now > operation.end) return []
      const revision = revisions[index]
      if (revision === undefined || !isRightAt(operation, revision)) continue
      if (now <= this.#latest(index + 1)) {
        return [{ ...progress, answered: progress.answered + 1, now }]
      }
    }
    return []
  }

  /** An operation whose answer is not known made the step. */
  #byUnknown(progress: Progress, step: Step): Progress[] {
    return this.#unknown.flatMap((operation, number) => {
      if (operation.operation !== step.operation || progress.used.includes(number)) return []
      const now = Math.max(progress.now, operation.start, this.#earliest(step.index))
      if (now > this.#latest(step.index)) return []
      // The fence: by then the revision before this one was there already.
      if (this.#earliest(step.index - 1) > abandonedAt(operation)) return []
      const used = [...progress.used, number].sort((a, b) => a - b)
      return [{ answered: progress.answered, steps: progress.steps + 1, now, used }]
    })
  }

  /** The first revision from `from` on that can still have been the newest at `time`. */
  #firstEndingAfter(time: number, from: number): number {
    let low = from
    let high = this.#context.revisions.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#latest(middle + 1) < time) low = middle + 1
      else high = middle
    }
    return low
  }

  #earliest(index: number): number {
    return this.#context.timeline.earliest[index] ?? -Infinity
  }

  #latest(index: number): number {
    return this.#context.timeline.latest[index] ?? Infinity
  }

  /** Says what the longest explanation could not explain. */
  explainEnd({ answered, steps }: Progress): Violation {
    const { group, revisions } = this.#context
    const operation = this.#answered[answered]
    const step = this.#steps[steps]
    const beside =
      operation === undefined ? '' : `; its next answer: ${describeOperation(operation)}`
    if (step === undefined || (operation && operation.end < this.#earliest(step.index))) {
      const what = operation === undefined ? this.#id : describeOperation(operation)
      const kind = operation?.answer === 'released' ? 'release-not-done' : 'unexplained-answer'
      return { kind, message: `${what}: no order of its operations explains this` }
    }
    const revision = revisions[step.index]?.revision ?? 0
    const when = `between ${this.#earliest(step.index).toFixed(1)} and ${this.#latest(step.index).toFixed(1)}`
    if (step.operation === 'unlock') {
      const message = `revision ${revision} of ${group}, ${when}, takes ${this.#id} out of the holders, and no unlock of it explains that${beside}`
      return { kind: 'holder-lost', message }
    }
    const message = `revision ${revision} of ${group}, ${when}, makes ${this.#id} a holder, and no lock of it explains that${beside}`
    return { kind: 'grant-not-asked-for', message }
  }
}

function hasEffectKnown({ answer }: Operation): boolean {
  return answer === 'acquired' || answer === 'released' || answer === 'refused'
}

function abandonedAt(operation: Operation): number {
  return operation.abandonedAt ?? operation.end
}

function stepsOf(id: string, revisions: readonly SemaphoreRevision[]): Step[] {
  const steps: Step[] = []
  let wasHolder = revisions[0]?.holders.includes(id) ?? false
  for (const [index, { holders }] of revisions.entries()) {
    const isHolder = holders.includes(id)
    if (isHolder !== wasHolder) steps.push({ index, operation: isHolder ? 'lock' : 'unlock' })
    wasHolder = isHolder
  }
  return steps
}
