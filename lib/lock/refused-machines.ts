import type { Clock } from '../calendar/clock.js'
import type { NodeIdentity } from '../semaphore/node-identity.js'
import type { Refusal, RefusalKind } from '../semaphore/refusal.js'
import type { Outcome } from './batch.js'
import type { Locks } from './lock-manager.js'
import type { Client } from './pending-request.js'

/**
 * A machine that has been refused, and has neither been granted nor given up since: one object from its
 * first refusal on.
 */
export interface RefusedMachine {
  readonly identity: NodeIdentity
  /** When it was first and last refused, in milliseconds since the epoch. */
  readonly since: number
  readonly at: number
  /** How much time was between these, in milliseconds, whatever the wall clock did. */
  readonly forMs: number
  /** The last one. */
  readonly refusal: Refusal
}

/** What remembering refusals needs. */
export interface RefusedMachinesOptions {
  readonly clock: Clock
  /** Hears of each refusal. */
  readonly onRefused: (machine: RefusedMachine) => void
  /** Hears of each machine that is forgotten because it was granted, or gave up. */
  readonly onGone: () => void
}

/** Machines whose refusals are remembered; a fleet has fewer, a wild client gets no further. */
export const MAX_REFUSED_MACHINES = 10_000

/** Who has not asked for this long does not want a slot any more; machines ask every 5 minutes. */
const FORGET_MS = 60 * 60 * 1000

/** Refusals that do not say that a machine wants a slot of a group that there is. */
const NOT_COUNTED: ReadonlySet<RefusalKind> = new Set([
  'unknown_group',
  'withdrawn',
  'shutting_down',
])

interface Remembered extends RefusedMachine {
  at: number
  forMs: number
  refusal: Refusal
  /** Monotonic. */
  readonly firstAskedAt: number
  lastAskedAt: number
}

/**
 * Remembers whom this replica has refused, and since when.
 *
 * INVARIANTS: one entry a machine, at most {@link MAX_REFUSED_MACHINES}; of too many, the one that has
 * not asked for longest is forgotten.
 */
export class RefusedMachines {
  readonly #options: RefusedMachinesOptions
  /** In the order in which they last asked. */
  readonly #machines = new Map<string, Remembered>()

  constructor(options: RefusedMachinesOptions) {
    this.#options = options
  }

  /** The same locks, with an eye on what they answer. */
  watch(locks: Locks): Locks {
    return {
      lock: async (identity: NodeIdentity, client: Client): Promise<Outcome> => {
        const outcome = await locks.lock(identity, client)
        if (outcome.outcome === 'refused') this.#note(identity, outcome.refusal)
        else this.#forget(identity)
        return outcome
      },
      unlock: (identity: NodeIdentity, client: Client): Promise<Outcome> => {
        this.#forget(identity)
        return locks.unlock(identity, client)
      },
    }
  }

  /** Who was refused within the last hour, the last one first. */
  list(): readonly RefusedMachine[] {
    return [...this.#machines.values()].filter((machine) => this.#isFresh(machine)).reverse()
  }

  #note(identity: NodeIdentity, refusal: Refusal): void {
    if (NOT_COUNTED.has(refusal.kind)) return
    const { clock, onRefused } = this.#options
    const name = nameOf(identity)
    const known = this.#machines.get(name)
    const at = clock.now()
    const now = clock.monotonic()
    const machine =
      known !== undefined && this.#isFresh(known)
        ? known
        : { identity, since: at, at, forMs: 0, refusal, firstAskedAt: now, lastAskedAt: now }
    Object.assign(machine, { at, forMs: now - machine.firstAskedAt, refusal, lastAskedAt: now })
    this.#machines.delete(name)
    this.#machines.set(name, machine)
    const [longestSilent] = this.#machines.keys()
    if (this.#machines.size > MAX_REFUSED_MACHINES && longestSilent !== undefined) {
      this.#machines.delete(longestSilent)
    }
    onRefused(machine)
  }

  #forget(identity: NodeIdentity): void {
    if (this.#machines.delete(nameOf(identity))) this.#options.onGone()
  }

  #isFresh({ lastAskedAt }: Remembered): boolean {
    return this.#options.clock.monotonic() - lastAskedAt < FORGET_MS
  }
}

function nameOf({ group, id }: NodeIdentity): string {
  return `${group}/${id}`
}
