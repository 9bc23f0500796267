import type { RefusedMachine } from '../lock/refused-machines.js'

const MINUTE_MS = 60_000

/**
 * Tells of machines that have been refused for longer than they should be.
 *
 * INVARIANTS: each is told of once until it is granted, gives up, or has not asked for an hour.
 */
export class RefusalWatch {
  readonly #onLong: (machine: RefusedMachine) => void
  readonly #told = new WeakSet<RefusedMachine>()
  #limitMs: number

  /** `onLong` is called with the refusal by which the limit was reached or passed. */
  constructor(limitMinutes: number, onLong: (machine: RefusedMachine) => void) {
    this.#limitMs = limitMinutes * MINUTE_MS
    this.#onLong = onLong
  }

  /** Another limit from now on, at a reload. */
  configure(limitMinutes: number): void {
    this.#limitMs = limitMinutes * MINUTE_MS
  }

  /** A machine has been refused, for the first time or again. */
  note(machine: RefusedMachine): void {
    if (machine.forMs < this.#limitMs || this.#told.has(machine)) return
    this.#told.add(machine)
    this.#onLong(machine)
  }
}
