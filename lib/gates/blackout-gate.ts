import type { RebootCalendar } from '../calendar/reboot-calendar.js'
import type { Gate, Verdict } from './gate.js'

/** Closed on the days of a blackout. */
export class BlackoutGate implements Gate {
  readonly name = 'blackout'
  readonly #calendar: RebootCalendar

  constructor(calendar: RebootCalendar) {
    this.#calendar = calendar
  }

  ask(_group: string, now: number): Promise<Verdict> {
    const present = this.#calendar.blackoutAt(now)
    if (present === undefined) return Promise.resolve({ verdict: 'open' })
    const { blackout, until } = present
    return Promise.resolve({
      verdict: 'closed',
      refusal: {
        kind: 'blackout',
        until: this.#calendar.zone.format(until),
        reason: blackout.reason,
      },
      // Where it ends outside of the windows, machines have to wait longer than for its end.
      opensAt: this.#calendar.nextOpening(now),
    })
  }
}
