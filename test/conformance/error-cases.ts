import { deviates, fails, readError, type Case, type Finding } from './case.js'
import type { Answer } from './http-client.js'
import { isDone, type Session } from './session.js'

interface Refusal {
  readonly what: string
  readonly id: string
  readonly answer: Answer
}

/** The same errors twice, each time for another machine. */
async function collectRefusals(session: Session): Promise<readonly Refusal[]> {
  const refusals: Refusal[] = []
  const note = (what: string, id: string, answer: Answer): void => {
    if (!isDone(answer)) refusals.push({ what, id, answer })
  }
  for (let n = 0; n < 2; n++) {
    const id = session.newId()
    note('a request without the header', id, await session.lock(id, { headers: [] }))
    note('a body that is no JSON', id, await session.lock(id, { body: `{"id":"${id}"` }))
    note('an unknown group', id, await session.lock(id, { body: session.bodyOf(id, `x${id}`) }))
  }
  if (session.slots === undefined) return refusals
  const holders = await session.take(session.slots)
  for (let n = 0; n < 2; n++) {
    const id = session.newId()
    const answer = await session.lock(id, { timeoutMs: FULL_TIMEOUT_MS }).catch(() => undefined)
    if (answer !== undefined) note('a full group', id, answer)
  }
  await session.release(holders)
  return refusals
}

/** A server may let a machine wait, with which these cases have nothing to do. */
const FULL_TIMEOUT_MS = 5_000

function errorCase(
  name: string,
  rule: string,
  findingsOf: (refusals: readonly Refusal[], session: Session) => readonly Finding[],
): Case {
  return {
    name: `error.${name}`,
    rule,
    run: async (session) => findingsOf(await collectRefusals(session), session),
  }
}

/** The body of an error. */
export const ERROR_CASES: readonly Case[] = [
  errorCase('json', 'an error is a JSON object with the strings kind and value', (refusals) =>
    refusals.flatMap(({ what, answer }) => {
      const { kind, value } = readError(answer) ?? {}
      if (kind !== undefined && value !== undefined) return []
      return [fails(`${what}: ${answer.status} ${JSON.stringify(answer.body.slice(0, 80))}`)]
    }),
  ),
  errorCase('status', 'an error has a status of 4xx or 5xx', (refusals) =>
    refusals.flatMap(({ what, answer: { status } }) =>
      status >= 400 && status < 600 ? [] : [fails(`${what} was answered ${status}`)],
    ),
  ),
  errorCase('content-type', 'an error says that it is JSON', (refusals) =>
    refusals.flatMap(({ what, answer }) => {
      const type = String(answer.headers['content-type'] ?? '')
      return /^application\/json\b/i.test(type) ? [] : [deviates(`${what}: '${type}'`)]
    }),
  ),
  errorCase('kind-stable', 'the same error has the same kind each time', (refusals) =>
    refusals.flatMap(({ what, answer }) => {
      const kinds = refusals
        .filter((other) => other.what === what)
        .map((other) => readError(other.answer)?.kind)
      const kind = readError(answer)?.kind
      return kinds.every((other) => other === kind) ? [] : [fails(`${what}: ${kinds.join(', ')}`)]
    }),
  ),
  errorCase(
    'kind-names-nobody',
    'a kind names no machine and no group: it becomes the label of a metric',
    (refusals, { target }) =>
      refusals.flatMap(({ what, id, answer }) => {
        const kind = readError(answer)?.kind ?? ''
        // A group such as "a" is part of many words.
        const hasGroup = target.group.length > 6 && kind.includes(target.group)
        return kind.includes(id) || hasGroup ? [fails(`${what}: ${kind}`)] : []
      }),
  ),
  errorCase('kind-form', 'a kind is one short word, fit for the label of a metric', (refusals) =>
    refusals.flatMap(({ what, answer }) => {
      const kind = readError(answer)?.kind ?? ''
      return /^[a-z][a-z0-9_]{0,63}$/.test(kind)
        ? []
        : [deviates(`${what}: ${JSON.stringify(kind)}`)]
    }),
  ),
  errorCase('kind-apart', 'a full group has a kind of its own', (refusals) => {
    const kindOf = (full: boolean): ReadonlySet<string | undefined> =>
      new Set(
        refusals
          .filter(({ what }) => (what === 'a full group') === full)
          .map(({ answer }) => readError(answer)?.kind),
      )
    const others = kindOf(false)
    const shared = [...kindOf(true)].filter((kind) => others.has(kind))
    return shared.map((kind) => deviates(`${String(kind)} stands for other errors too`))
  }),
]
