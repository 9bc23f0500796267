import type { RebootCalendar } from '../calendar/reboot-calendar.js'
import type { Gate, Verdict } from './gate.js'

/** Closed outside of a group's reboot windows. */
export class RebootWindowGate implements Gate {
  readonly name = 'reboot_window'
  readonly #calendar: RebootCalendar

  constructor(calendar: RebootCalendar) {
    this.#calendar = calendar
  }

  ask(_group: string, now: number): Promise<Verdict> {
    const calendar = this.#calendar
    if (calendar.isInWindow(now)) return Promise.resolve({ verdict: 'open' })
    // Of no use to anybody would be a window in a blackout.
    const opensAt = calendar.nextOpening(now)
    return Promise.resolve({
      verdict: 'closed',
      refusal: { kind: 'outside_reboot_window', opensAt: calendar.zone.format(opensAt) },
      opensAt,
    })
  }
}
