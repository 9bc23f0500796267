import { askRemote } from './ask-remote.js'
import type { Gate, Verdict } from './gate.js'
import type { RemoteContext } from './prometheus-gate.js'
import type { Remote } from './remote.js'
import { SharedQuestion } from './shared-question.js'
import { effectOfTrouble, shownName, troubledVerdict, type OnError } from './verdicts.js'

/** A server with a health endpoint. */
export interface HttpCheckOptions extends Remote {
  /** What refusals call it. */
  readonly name: string
  /** The only status that is good; redirects are not followed. */
  readonly expectStatus: number
  readonly onError: OnError
}

/**
 * One health endpoint, asked with a GET once for all groups that want to know at a moment; its answer comes
 * within twice the timeout.
 */
export class HttpCheck {
  readonly #question: SharedQuestion<Verdict>

  constructor(options: HttpCheckOptions, context: RemoteContext) {
    this.#question = new SharedQuestion(() => check(options, context))
  }

  ask(): Promise<Verdict> {
    return this.#question.ask()
  }
}

/** Closed while one of its checks is. */
export class HttpGate implements Gate {
  readonly name = 'http'
  readonly #checks: readonly HttpCheck[]

  constructor(checks: readonly HttpCheck[]) {
    this.#checks = checks
  }

  /** Of several that say no, the first in the order of the checks counts. */
  async ask(): Promise<Verdict> {
    const verdicts = await Promise.all(this.#checks.map((check) => check.ask()))
    return (
      verdicts.find(({ verdict }) => verdict === 'closed') ??
      verdicts.find((each) => 'trouble' in each) ?? { verdict: 'open' }
    )
  }
}

async function check(options: HttpCheckOptions, context: RemoteContext): Promise<Verdict> {
  const { url, expectStatus } = options
  const name = shownName(options.name)
  const answer = await askRemote(options, new URL(url), { ...context, wantsBody: false })
  if ('problem' in answer) {
    const onError = effectOfTrouble(options.onError, context.signal)
    return troubledVerdict(name, answer.problem, onError)
  }
  if (answer.status === expectStatus) return { verdict: 'open' }
  const reason = `it answers ${answer.status} instead of ${expectStatus}`
  return { verdict: 'closed', refusal: { kind: 'check_failing', check: name, reason } }
}
