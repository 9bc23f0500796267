import type { RebootCalendar } from '../calendar/reboot-calendar.js'
import type { CalendarReport } from './status-report.js'

/** What a group's calendar says at a moment; it is asked often, and a search takes a while. */
export class CalendarState {
  readonly #calendar: RebootCalendar
  #known: { readonly from: number; readonly until: number | undefined } | undefined

  constructor(calendar: RebootCalendar) {
    this.#calendar = calendar
  }

  /** At `now`, in milliseconds since the epoch; null where there is nothing in the calendar. */
  report(now: number): CalendarReport | null {
    const calendar = this.#calendar
    if (!calendar.hasWindows && !calendar.hasBlackouts) return null
    const changesAt = this.#nextChange(now)
    const blackout = calendar.blackoutAt(now)
    return {
      time_zone: calendar.zone.name,
      open: calendar.isOpen(now),
      changes_at: changesAt === undefined ? null : new Date(changesAt).toISOString(),
      blackout:
        blackout === undefined
          ? null
          : { reason: blackout.blackout.reason, until: new Date(blackout.until).toISOString() },
    }
  }

  /** The next change stays what it is until it comes, unless the clock is put back. */
  #nextChange(now: number): number | undefined {
    const { from = Infinity, until } = this.#known ?? {}
    if (from <= now && now < (until ?? Infinity)) return until
    const next = this.#calendar.nextChange(now)
    this.#known = { from: now, until: next }
    return next
  }
}
