import type { Clock } from '../calendar/clock.js'
import { compileAlertPattern } from './alert-pattern.js'
import { askRemote } from './ask-remote.js'
import { MAX_NAMED_ALERTS } from './bounds.js'
import type { Gate, Verdict } from './gate.js'
import { readAlerts, summariseAlerts } from './read-alerts.js'
import type { Remote } from './remote.js'
import { SharedQuestion } from './shared-question.js'
import { effectOfTrouble, troubledVerdict, type OnError } from './verdicts.js'

/** A Prometheus, and which of its alerts count. */
export interface PrometheusOptions extends Remote {
  /** PromQL that gives a vector; each element keeps the gate closed. */
  readonly query: string
  /** A pattern of the names of alerts that do not count, see {@link compileAlertPattern}. */
  readonly ignore?: string
  readonly onError: OnError
}

/** What the gates that ask over a network need. */
export interface RemoteContext {
  readonly clock: Clock
  /** Ends what is under way, at a stop or a reload. */
  readonly signal: AbortSignal
}

/**
 * Closed while alerts are firing. It asks for a vector with a GET to `<url>/api/v1/query`, once for all
 * groups that want to know at a moment; an answer comes within twice the timeout.
 */
export class PrometheusGate implements Gate {
  readonly name = 'prometheus'
  readonly #question: SharedQuestion<Verdict>

  /** @throws RangeError when `ignore` is no pattern */
  constructor(options: PrometheusOptions, context: RemoteContext) {
    const ignores = patternOf(options.ignore)
    this.#question = new SharedQuestion(() => query(options, ignores, context))
  }

  ask(): Promise<Verdict> {
    return this.#question.ask()
  }
}

type Matcher = (name: string) => boolean

function patternOf(text: string | undefined): Matcher {
  if (text === undefined) return () => false
  const compiled = compileAlertPattern(text)
  if ('problem' in compiled) throw new RangeError(`${text}: ${compiled.problem}`)
  return compiled.matches
}

async function query(
  options: PrometheusOptions,
  ignores: Matcher,
  context: RemoteContext,
): Promise<Verdict> {
  const { timeoutMs } = options
  const url = new URL(options.url)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/query`
  url.searchParams.set('query', options.query)
  url.searchParams.set('timeout', `${timeoutMs}ms`)
  const answer = await askRemote(options, url, { ...context, wantsBody: true })
  const onError = effectOfTrouble(options.onError, context.signal)
  const read = 'problem' in answer ? answer : readAlerts(answer.status, answer.body)
  if ('problem' in read) return troubledVerdict('prometheus', read.problem, onError)
  const names = read.names.filter((name) => !ignores(name))
  if (names.length > 0) {
    const alerts = summariseAlerts(names, MAX_NAMED_ALERTS)
    return { verdict: 'closed', refusal: { kind: 'alerts_firing', alerts } }
  }
  if (read.warning !== undefined) return troubledVerdict('prometheus', read.warning, onError)
  return { verdict: 'open' }
}
