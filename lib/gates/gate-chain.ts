import type { Clock } from '../calendar/clock.js'
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

/** What a chain needs. */
export interface GateChainContext {
  readonly clock: Clock
  /** Hears what each gate says that is asked, for logs and metrics. */
  readonly onVerdict: (report: GateReport) => void
}

/**
 * All gates of a group. The local ones are asked first, then all remote ones at the same time, unless a
 * local one is closed, and the local ones once more after that: a window may end while servers think. Of
 * several that are closed, the first in their order is the verdict.
 */
export class GateChain implements GroupGates {
  readonly #group: string
  readonly #gates: GatesByCost
  readonly #context: GateChainContext

  constructor(group: string, gates: GatesByCost, context: GateChainContext) {
    this.#group = group
    this.#gates = gates
    this.#context = context
  }

  /** The gates there are, in the order in which they count. */
  get names(): readonly GateName[] {
    return [...this.#gates.local, ...this.#gates.remote].map(({ name }) => name)
  }

  /** Never rejects. */
  async ask(): Promise<ChainVerdict> {
    const { local, remote } = this.#gates
    const before = await this.#askAll(local)
    if (before.verdict === 'closed' || remote.length === 0) return before
    const verdict = await this.#askAll(remote)
    return verdict.verdict === 'closed' ? verdict : this.#askAll(local)
  }

  /** Asks only the gate of that name; open where the group has none. It never rejects. */
  async askOnly(name: GateName): Promise<ChainVerdict> {
    const { local, remote } = this.#gates
    return this.#askAll([...local, ...remote].filter((gate) => gate.name === name))
  }

  async #askAll(gates: readonly Gate[]): Promise<ChainVerdict> {
    const now = this.#context.clock.now()
    const verdicts = await Promise.all(gates.map((gate) => this.#askOne(gate, now)))
    return verdicts.find(({ verdict }) => verdict === 'closed') ?? { verdict: 'open' }
  }

  async #askOne(gate: Gate, now: number): Promise<ChainVerdict> {
    const verdict = await askSafely(gate, this.#group, now)
    this.#context.onVerdict({ group: this.#group, gate: gate.name, askedAt: now, verdict })
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
