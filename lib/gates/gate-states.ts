import type { GateRefusal } from '../semaphore/refusal.js'
import type { GateName } from './gate.js'
import type { GateReport } from './gate-chain.js'

/** What is known of a gate since it was last asked. */
export interface GateState {
  readonly group: string
  readonly gate: GateName
  /** `error`: it could not be asked, and is closed; `ignored_error`: it could not, and is open all the same. */
  readonly state: 'open' | 'closed' | 'error' | 'ignored_error'
  /** Since when it has been like that as far as it was asked, in milliseconds since the epoch. */
  readonly since: number
  /** When it was last asked. */
  readonly askedAt: number
  readonly refusal?: GateRefusal
  /** Why it could not be asked, where it is open all the same. */
  readonly trouble?: string
}

/**
 * Remembers what gates last said, to tell when one changes. Gates are asked only while a machine wants a
 * slot: what they have done in between is not known.
 */
export class GateStates {
  readonly #onChange: (state: GateState, before: GateState | undefined) => void
  readonly #states = new Map<string, GateState>()

  /** `onChange` hears of each gate that is in another state than before; `before` is undefined at first. */
  constructor(onChange: (state: GateState, before: GateState | undefined) => void) {
    this.#onChange = onChange
  }

  /** The gates that have been asked yet, by group in the order in which they first were. */
  list(): readonly GateState[] {
    return [...this.#states.values()]
  }

  /** What is known of a gate; undefined while it has not been asked yet. */
  get(group: string, gate: GateName): GateState | undefined {
    return this.#states.get(keyOf(group, gate))
  }

  /** Takes what a gate has said, see GatesContext. */
  note({ group, gate, askedAt, verdict }: GateReport): void {
    const key = keyOf(group, gate)
    const before = this.#states.get(key)
    const state = stateOf(verdict)
    const hasChanged = before?.state !== state
    const since = hasChanged ? askedAt : before.since
    const now: GateState = {
      group,
      gate,
      state,
      since,
      askedAt,
      ...(verdict.verdict === 'closed' && { refusal: verdict.refusal }),
      ...(verdict.verdict === 'open' &&
        verdict.trouble !== undefined && { trouble: verdict.trouble }),
    }
    this.#states.set(key, now)
    if (hasChanged) this.#onChange(now, before)
  }

  /** Forgets gates that are gone, at a reload, and returns what was known of them. */
  keepOnly(has: (group: string, gate: GateName) => boolean): readonly GateState[] {
    const gone = this.list().filter(({ group, gate }) => !has(group, gate))
    for (const { group, gate } of gone) this.#states.delete(keyOf(group, gate))
    return gone
  }
}

function keyOf(group: string, gate: GateName): string {
  return `${gate} ${group}`
}

function stateOf(verdict: GateReport['verdict']): GateState['state'] {
  if (verdict.verdict === 'open') return verdict.trouble === undefined ? 'open' : 'ignored_error'
  return verdict.refusal.kind === 'gate_error' ? 'error' : 'closed'
}
