import { NoAnswerError, type Answer } from './http-client.js'
import { isDone, PATHS, type Path, type Session } from './session.js'

const [PRE_REBOOT, STEADY_STATE] = PATHS

/** Something that is not as the rule says: against the protocol, or allowed but worth knowing. */
export interface Finding {
  readonly level: 'fails' | 'deviates'
  readonly reason: string
}

/** One rule, and how it is tried on a server. */
export interface Case {
  readonly name: string
  /** What is expected, as a sentence. */
  readonly rule: string
  readonly run: (session: Session) => Promise<readonly Finding[]>
}

/** The result of one case. */
export interface Result {
  readonly name: string
  readonly rule: string
  readonly outcome: 'pass' | 'deviates' | 'fails'
  /** What was found; empty for `pass`. */
  readonly reasons: readonly string[]
}

export function fails(reason: string): Finding {
  return { level: 'fails', reason }
}

export function deviates(reason: string): Finding {
  return { level: 'deviates', reason }
}

/**
 * Runs a case to a result, and gives back what it has taken, so that no case depends on another; an
 * answer that did not come is a failure too.
 */
export async function runCase({ name, rule, run }: Case, session: Session): Promise<Result> {
  let findings: readonly Finding[]
  try {
    findings = await run(session)
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error
    findings = [fails(`no answer: ${error.message}`)]
  }
  await session.releaseAll()
  const failures = findings.filter(({ level }) => level === 'fails')
  const relevant = failures.length > 0 ? failures : findings
  return {
    name,
    rule,
    outcome: failures.length > 0 ? 'fails' : findings.length > 0 ? 'deviates' : 'pass',
    reasons: [...new Set(relevant.map(({ reason }) => reason))],
  }
}

/** A finding unless the answer is a success. */
export function mustBeDone(
  what: string,
  answer: Answer,
  level: Finding['level'] = 'fails',
): readonly Finding[] {
  if (isDone(answer)) return []
  return [{ level, reason: `${what} was answered ${describe(answer)}` }]
}

/** A finding if the answer is a success, a redirect, or an error that is not in the protocol's form. */
export function mustBeRefused(
  what: string,
  answer: Answer,
  level: Finding['level'] = 'fails',
): readonly Finding[] {
  const { status } = answer
  if (isDone(answer)) return [{ level, reason: `${what} was answered ${describe(answer)}` }]
  if (status >= 300 && status < 400) {
    return [fails(`${what} was redirected (${describe(answer)}); Zincati then sends a GET`)]
  }
  return errorFindings(what, answer)
}

/** A request that is wrong in itself: like {@link mustBeRefused}, and best by a 4xx. */
export function mustBeInvalid(
  what: string,
  answer: Answer,
  level: Finding['level'] = 'fails',
): readonly Finding[] {
  const findings = mustBeRefused(what, answer, level)
  if (answer.status < 500) return findings
  return [
    ...findings,
    deviates(`${what} was answered ${answer.status}: a 4xx says whose fault it is`),
  ]
}

/** What is wrong with an error's body. */
export function errorFindings(what: string, answer: Answer): readonly Finding[] {
  const { kind, value } = readError(answer) ?? {}
  if (kind === undefined || value === undefined) {
    const body = JSON.stringify(answer.body.slice(0, 100))
    return [
      fails(
        `${what} was answered ${answer.status} without a JSON object of kind and value: ${body}`,
      ),
    ]
  }
  if (kind === '' || value === '')
    return [fails(`${what} was answered with an empty kind or value`)]
  return []
}

/** Kind and value of an error; undefined for anything else. */
export function readError({ body }: Answer): { kind?: string; value?: string } | undefined {
  let error: unknown
  try {
    error = JSON.parse(body)
  } catch {
    return undefined
  }
  if (typeof error !== 'object' || error === null) return undefined
  const { kind, value } = error as { readonly kind?: unknown; readonly value?: unknown }
  return {
    ...(typeof kind === 'string' ? { kind } : {}),
    ...(typeof value === 'string' ? { value } : {}),
  }
}

/** The status, and the kind if there is one. */
export function describe(answer: Answer): string {
  const kind = readError(answer)?.kind
  return kind === undefined ? String(answer.status) : `${answer.status} ${kind}`
}

/**
 * Sends a wrong request to both paths, where it is to be refused; the pre-reboot while one slot is
 * free, which must be free afterwards.
 */
export async function refusedOnBothPaths(
  session: Session,
  askFor: (path: Path) => Promise<Answer>,
  level: Finding['level'],
): Promise<readonly Finding[]> {
  if (session.slots !== undefined) await session.take(session.slots - 1)
  const answer = await askFor(PRE_REBOOT)
  const findings = [...mustBeInvalid(PRE_REBOOT, answer, level)]
  if (!isDone(answer)) findings.push(...(await slotFindings(session, 'the refused pre-reboot')))
  findings.push(...mustBeInvalid(STEADY_STATE, await askFor(STEADY_STATE), level))
  return findings
}

/**
 * Runs `attempt` while one slot is free, and adds a finding if none is afterwards, although nothing
 * was to take it.
 */
export async function withoutTakingSlot(
  session: Session,
  what: string,
  attempt: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  if (session.slots === undefined) return attempt()
  await session.take(session.slots - 1)
  return [...(await attempt()), ...(await slotFindings(session, what))]
}

async function slotFindings(session: Session, what: string): Promise<readonly Finding[]> {
  if (session.slots === undefined || (await session.hasFreeSlot())) return []
  return [fails(`after ${what} the slot is not free any more`)]
}
