import type { Clock } from '../calendar/clock.js'
import type { Outcome } from '../lock/batch.js'
import type { Locks } from '../lock/lock-manager.js'
import type { Client } from '../lock/pending-request.js'
import type { NodeIdentity } from '../semaphore/node-identity.js'
import type { Refusal, RefusalKind } from '../semaphore/refusal.js'
import { FORGET_REFUSED_MS, MAX_REFUSED_MACHINES } from './bounds.js'

/** A machine that has been refused for longer than it should be. */
export interface LongRefusal {
  readonly identity: NodeIdentity
  readonly forMinutes: number
  /** The last refusal. */
  readonly refusal: Refusal
}

/** What a watch over refusals needs. */
export interface RefusalWatchOptions {
  readonly clock: Clock
  readonly onLong: (refusal: LongRefusal) => void
}

/** Refusals that say nothing about how long a machine has wanted a slot. */
const NOT_COUNTED: ReadonlySet<RefusalKind> = new Set([
  'unknown_group',
  'withdrawn',
  'shutting_down',
])

interface Wait {
  readonly since: number
  lastAskedAt: number
  isTold: boolean
}

const MINUTE_MS = 60_000

/**
 * Remembers since when machines have been refused, as far as they have asked this replica.
 *
 * INVARIANTS: each machine is told of once until it is granted, gives up, or has not asked for an hour;
 * of too many machines the one that has not asked for longest is forgotten.
 */
export class RefusalWatch {
  readonly #options: RefusalWatchOptions
  /** In the order in which they last asked. */
  readonly #waits = new Map<string, Wait>()
  #limitMs: number

  constructor(limitMinutes: number, options: RefusalWatchOptions) {
    this.#options = options
    this.#limitMs = limitMinutes * MINUTE_MS
  }

  /** Another limit from now on, at a reload. */
  configure(limitMinutes: number): void {
    this.#limitMs = limitMinutes * MINUTE_MS
  }

  /** The same locks, with an eye on what they answer. */
  watch(locks: Locks): Locks {
    return {
      lock: async (identity: NodeIdentity, client: Client): Promise<Outcome> => {
        const outcome = await locks.lock(identity, client)
        this.#note(identity, outcome)
        return outcome
      },
      unlock: (identity: NodeIdentity): Promise<Outcome> => {
        this.#waits.delete(nameOf(identity))
        return locks.unlock(identity)
      },
    }
  }

  #note(identity: NodeIdentity, outcome: Outcome): void {
    const name = nameOf(identity)
    const known = this.#waits.get(name)
    this.#waits.delete(name)
    if (outcome.outcome !== 'refused') return
    const { refusal } = outcome
    const now = this.#options.clock.monotonic()
    const isFresh = known !== undefined && now - known.lastAskedAt < FORGET_REFUSED_MS
    if (NOT_COUNTED.has(refusal.kind)) return
    const wait = isFresh ? known : { since: now, lastAskedAt: now, isTold: false }
    wait.lastAskedAt = now
    this.#waits.set(name, wait)
    const [longestSilent] = this.#waits.keys()
    if (this.#waits.size > MAX_REFUSED_MACHINES && longestSilent !== undefined) {
      this.#waits.delete(longestSilent)
    }
    const refusedForMs = now - wait.since
    if (wait.isTold || refusedForMs < this.#limitMs) return
    wait.isTold = true
    const forMinutes = Math.floor(refusedForMs / MINUTE_MS)
    this.#options.onLong({ identity, forMinutes, refusal })
  }
}

function nameOf({ group, id }: NodeIdentity): string {
  return `${group}/${id}`
}
