import type { RefusedMachine } from '../lock/refused-machines.js'

const MINUTE_MS = 60_000

/** Picks out the machines that have been refused for longer than they should be. */
export class RefusalWatch {
  readonly #onLong: (machine: RefusedMachine) => void
  #limitMs: number

  /** `onLong` is called with each refusal from that on by which the limit was reached. */
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
    if (machine.forMs >= this.#limitMs) this.#onLong(machine)
  }
}
