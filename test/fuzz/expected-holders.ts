import { STATUS_OF_KIND } from '../../lib/fleetlock/kinds.js'
import type { Answer } from './answer-reader.js'
import type { Identity } from './body-oracle.js'
import { GROUPS } from './body-arbitraries.js'
import type { Delivery, Exchange } from './connection.js'
import type { Demand, Judgement, JudgedStream } from './request-oracle.js'

/** How long an unanswered request may yet be done, in milliseconds; far more than it takes. */
export const UNKNOWN_FOR_MS = 2_000

interface Unknown {
  readonly identity: Identity
  readonly since: number
}

/** Which of one worker's machines must hold a slot after all that was answered. */
export class ExpectedHolders {
  readonly #holders = new Map<string, Identity>()
  readonly #unknown = new Map<string, Unknown>()

  /** Notes a request that was done. */
  noteDone({ isLock, identity }: Demand): void {
    if (isLock) this.#holders.set(keyOf(identity), identity)
    else this.#holders.delete(keyOf(identity))
  }

  /** Notes that nobody can tell whether a machine's request was, or will be, done. */
  noteUnknown(identity: Identity): void {
    this.#unknown.set(keyOf(identity), { identity, since: performance.now() })
  }

  /** The machines whose requests are over by now, with an end that nobody knows. */
  takeSettled(): readonly Identity[] {
    const oldest = performance.now() - UNKNOWN_FOR_MS
    const settled = [...this.#unknown].filter(([, { since }]) => since < oldest)
    for (const [key] of settled) this.#unknown.delete(key)
    return settled.map(([, { identity }]) => identity)
  }

  /** Those that have held a slot for the longest time, if there are more than `limit`. */
  over(limit: number): readonly Identity[] {
    return [...this.#holders.values()].slice(0, Math.max(0, this.#holders.size - limit))
  }

  /** The ids that hold a slot of a group. */
  of(group: string): readonly string[] {
    const identities = [...this.#holders.values()].filter((identity) => identity.group === group)
    return identities.map(({ id }) => id)
  }
}

function keyOf({ group, id }: Identity): string {
  return `${group}/${id}`
}

/** What the answers of a case were, by verdict. */
export interface Tally {
  genuine: number
  bogus: number
  unsure: number
  unanswered: number
  done: number
}

/** What the answers to a case break, as sentences; and notes what was done. */
export function judgeExchange(
  delivery: Delivery,
  judged: JudgedStream,
  { read, isClosedByServer }: Exchange,
  holders: ExpectedHolders,
  tally: Tally,
): readonly string[] {
  if ('problem' in read) {
    noteAllUnknown(judged, holders)
    return [`the answer is no HTTP: ${read.problem}`]
  }
  const problems: string[] = []
  const { answers, unread } = read
  if (answers.length > judged.requests.length) {
    problems.push(`there are ${answers.length} answers to ${judged.requests.length} requests`)
  }
  if (unread > 0 && delivery.manner === 'stay') problems.push('the last answer is not whole')
  for (const [index, request] of judged.requests.entries()) {
    tally[request.verdict] += 1
    const answer = answers[index]
    if (answer === undefined) {
      tally.unanswered += 1
      if (request.mustAnswer && delivery.manner === 'stay') {
        problems.push(`request ${index + 1} is not answered`)
      }
      if (request.demand !== undefined) holders.noteUnknown(request.demand.identity)
      continue
    }
    problems.push(
      ...problemsOf(answer, request, delivery).map((it) => `answer ${index + 1}: ${it}`),
    )
    if (answer.status === 200 && request.demand !== undefined) {
      tally.done += 1
      holders.noteDone(request.demand)
    }
  }
  if (judged.end === 'closes' && delivery.manner === 'stay' && !isClosedByServer) {
    problems.push('the server does not close the connection')
  }
  return problems
}

function noteAllUnknown({ requests }: JudgedStream, holders: ExpectedHolders): void {
  for (const { demand } of requests) {
    if (demand !== undefined) holders.noteUnknown(demand.identity)
  }
}

function problemsOf(
  answer: Answer,
  { verdict, demand, isHead }: Judgement,
  { manner }: Delivery,
): readonly string[] {
  const { status, headers, body } = answer
  const problems: string[] = []
  if (status === 200) {
    if (verdict === 'bogus') problems.push('what is no request was answered 200')
    if (demand?.isLock === true && demand.identity.group === GROUPS.closed) {
      problems.push('a slot was granted where there is none')
    }
    if (body !== '') problems.push(`200 with a body: ${body}`)
    return problems
  }
  if (status >= 500) problems.push(`status ${status}: ${body}`)
  if (!isHead) problems.push(...problemsOfError(status, headers, body))
  if (verdict === 'genuine') {
    const isFull = status === 423 && demand?.isLock === true
    const isRightfullyFull = isFull && demand.identity.group === GROUPS.closed
    // Who has closed its half of the connection counts as one that has gone away.
    const mayBeWithdrawn = demand?.isLock === true || manner !== 'stay'
    const isWithdrawn = mayBeWithdrawn && body.includes('"failed_lock_withdrawn"')
    if (!isRightfullyFull && !isWithdrawn) {
      problems.push(`a genuine request was answered ${status}: ${body}`)
    }
  }
  return problems
}

function problemsOfError(
  status: number,
  headers: ReadonlyMap<string, string>,
  body: string,
): readonly string[] {
  if (headers.get('content-type') !== 'application/json') return [`${status} is not JSON`]
  let error: unknown
  try {
    error = JSON.parse(body)
  } catch {
    return [`${status} is not JSON: ${body}`]
  }
  const { kind, value, ...more } = Object(error) as Record<string, unknown>
  const table: Readonly<Record<string, number>> = STATUS_OF_KIND
  if (typeof kind !== 'string' || typeof value !== 'string' || Object.keys(more).length > 0) {
    return [`${status} has not exactly kind and value: ${body}`]
  }
  if (!Object.hasOwn(table, kind)) return [`the kind ${kind} is not in the table`]
  return table[kind] === status ? [] : [`the kind ${kind} comes with ${status}`]
}
