import type { Clock } from '../calendar/clock.js'
import type { Settings } from '../config/settings.js'
import { replyToRefusal } from '../fleetlock/reply-to-refusal.js'
import { createGates } from '../gates/create-gates.js'
import type { GroupGates, Verdict } from '../gates/gate.js'
import type { GateReport } from '../gates/gate-chain.js'
import { GateStates, type GateState } from '../gates/gate-states.js'
import type { GroupReport } from '../status/status-report.js'
import type { Events } from '../telemetry/events.js'
import type { FailingGate } from './notifications.js'

/** What the daemon's gates need. */
export interface DaemonGatesContext {
  readonly clock: Clock
  readonly events: Events
  /** Hears of a gate each time that it could not be asked. */
  readonly onFailing: (gate: FailingGate) => void
  /** Hears of each gate that is in another state than before. */
  readonly onChange: () => void
}

/**
 * The gates of all groups, as they are configured, and what they last said.
 *
 * INVARIANTS: after `stop`, and after a `configure`, nothing is asked by gates from before, and nothing
 * that they still say is heard.
 */
export class DaemonGates {
  readonly #context: DaemonGatesContext
  readonly #states: GateStates
  #asking = new AbortController()
  #chains: ReturnType<typeof createGates> = new Map()

  constructor(settings: Settings, context: DaemonGatesContext) {
    this.#context = context
    this.#states = new GateStates((state) => {
      context.events.gateChanged(toReport(state))
      context.onChange()
    })
    this.configure(settings)
  }

  /** Puts other gates in force, at a reload. */
  configure({ lock, gates }: Settings): void {
    this.#asking.abort()
    this.#asking = new AbortController()
    const { signal } = this.#asking
    const { clock, events } = this.#context
    const onVerdict = (report: GateReport): void => {
      if (!signal.aborted) this.#note(report)
    }
    this.#chains = createGates({ groups: lock.groups, ...gates }, { clock, signal, onVerdict })
    const gone = this.#states.keepOnly(
      (group, gate) => this.#chains.get(group)?.names.includes(gate) ?? false,
    )
    for (const { group, gate } of gone) events.gateGone(group, gate)
  }

  /** The gates of a group, if it has any. */
  of(group: string): GroupGates | undefined {
    return this.#chains.get(group)
  }

  /** Whether a stale holder may be released: not while alerts are firing, or nobody knows. */
  async mayRelease(group: string): Promise<true | string> {
    const verdict = await this.#chains.get(group)?.askOnly('prometheus')
    return verdict?.verdict === 'closed' ? replyToRefusal(verdict.refusal).value : true
  }

  /** What each gate of a group said last, in the order in which they count. */
  reportOf(group: string): GroupReport['gates'] {
    const names = this.#chains.get(group)?.names ?? []
    return names.map((gate) => {
      const state = this.#states.get(group, gate)
      if (state === undefined) {
        return { gate, state: 'not_asked', since: null, asked_at: null, reason: null }
      }
      return {
        gate,
        state: state.state,
        since: new Date(state.since).toISOString(),
        asked_at: new Date(state.askedAt).toISOString(),
        reason: reasonOf(state) ?? null,
      }
    })
  }

  /** Ends what is being asked. */
  stop(): void {
    this.#asking.abort()
  }

  #note(report: GateReport): void {
    this.#states.note(report)
    const { group, gate, verdict } = report
    const reason = failureOf(verdict)
    if (reason !== undefined) this.#context.onFailing({ group, gate, reason })
  }
}

function toReport(state: GateState) {
  const { group, gate, since } = state
  return { group, gate, state: state.state, since, reason: reasonOf(state) }
}

/** Why a gate could not be asked, whether it is open or closed then. */
function failureOf(verdict: Verdict): string | undefined {
  if (verdict.verdict === 'open') return verdict.trouble
  return verdict.refusal.kind === 'gate_error' ? verdict.refusal.reason : undefined
}

/** Why machines may not take slots, or why it is not known whether they may. */
function reasonOf({ refusal, trouble }: GateState): string | undefined {
  return trouble ?? (refusal && replyToRefusal(refusal).value)
}
