import type { Gate, GateName, GroupGates, Verdict } from './gate.js'
import { troubledVerdict } from './verdicts.js'

/** A verdict, and which gate's it is; none is named where all are open. */
export type ChainVerdict = Verdict & { readonly gate?: GateName }

/** What one gate has said. */
export interface GateReport {
  readonly group: string
  readonly gate: GateName
  /** When it was asked, in milliseconds since the epoch. */
  readonly askedAt: number
  readonly verdict: Verdict
}

/** The gates of a group by what asking them costs; those in front are named first in refusals. */
export interface GatesByCost {
  /** They know at once. */
  readonly local: readonly Gate[]
  /** They ask over a network. */
  readonly remote: readonly Gate[]
}

/**
 * All gates of a group. The local ones are asked first, then all remote ones at the same time, unless a
 * local one is closed. Of several that are closed, the first in their order is the verdict.
 */
export class GateChain implements GroupGates {
  readonly #group: string
  readonly #gates: GatesByCost
  readonly #onVerdict: (report: GateReport) => void

  /** `onVerdict` hears what each gate says that is asked, for logs and metrics. */
  constructor(group: string, gates: GatesByCost, onVerdict: (report: GateReport) => void) {
    this.#group = group
    this.#gates = gates
    this.#onVerdict = onVerdict
  }

  /** The gates there are, in the order in which they count. */
  get names(): readonly GateName[] {
    return [...this.#gates.local, ...this.#gates.remote].map(({ name }) => name)
  }

  /** Asks at `now` (milliseconds since the epoch); it never rejects. */
  async ask(now: number): Promise<ChainVerdict> {
    const local = await this.#askAll(this.#gates.local, now)
    if (local.verdict === 'closed') return local
    return this.#askAll(this.#gates.remote, now)
  }

  /** Asks only the gate of that name; open where the group has none. It never rejects. */
  async askOnly(name: GateName, now: number): Promise<ChainVerdict> {
    const { local, remote } = this.#gates
    return this.#askAll(
      [...local, ...remote].filter((gate) => gate.name === name),
      now,
    )
  }

  async #askAll(gates: readonly Gate[], now: number): Promise<ChainVerdict> {
    const verdicts = await Promise.all(gates.map((gate) => this.#askOne(gate, now)))
    return verdicts.find(({ verdict }) => verdict === 'closed') ?? { verdict: 'open' }
  }

  async #askOne(gate: Gate, now: number): Promise<ChainVerdict> {
    const verdict = await askSafely(gate, this.#group, now)
    this.#onVerdict({ group: this.#group, gate: gate.name, askedAt: now, verdict })
    return { ...verdict, gate: gate.name }
  }
}

/** A gate that breaks its word and rejects must not hold up a lane. */
async function askSafely(gate: Gate, group: string, now: number): Promise<Verdict> {
  try {
    return await gate.ask(group, now)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return troubledVerdict(gate.name, reason, 'deny')
  }
}
