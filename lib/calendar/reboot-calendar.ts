import { parseDay } from './day.js'
import { TimeZone } from './time-zone.js'
import { WeeklyWindows, type RebootWindow } from './weekly-windows.js'

/** Days on which no machine may take a slot. */
export interface Blackout {
  /** `YYYY-MM-DD`, in the group's time zone. */
  readonly from: string
  /** The last day, which is part of it; not before `from`. */
  readonly to: string
  readonly reason: string
}

/** When machines of a group may take slots. */
export interface CalendarRules {
  /** A name of IANA's database; UTC without it. */
  readonly timeZone?: string
  /** Without any, at all times. */
  readonly windows?: readonly RebootWindow[]
  readonly blackouts?: readonly Blackout[]
}

/** A window as it comes; instants in milliseconds since the epoch. */
export interface ComingWindow {
  readonly opensAt: number
  /** Null: it never closes. */
  readonly closesAt: number | null
  /** Blackouts during which it does not count, if any; in the order of the file. */
  readonly blackouts: readonly Blackout[]
  /** Whether the blackouts leave nothing of it. */
  readonly isBlackedOut: boolean
}

/** A blackout that is on. */
export interface BlackoutAtPresent {
  readonly blackout: Blackout
  /** When this one, and those that follow it without a gap, are over. */
  readonly until: number
}

/** A blackout and its ends, in milliseconds since the epoch. */
export interface ComingBlackout {
  readonly blackout: Blackout
  readonly begins: number
  readonly ends: number
}

interface Span {
  readonly blackout: Blackout
  readonly start: number
  readonly end: number
}

const MINUTE_MS = 60_000
const DAY_MINUTES = 24 * 60

/** A window that is open began at most so long ago: a week, and once more if a gap in it was skipped. */
const LONGEST_WINDOW_MINUTES = 15 * DAY_MINUTES

/**
 * The reboot windows and blackouts of a group. Instants are milliseconds since the epoch.
 *
 * "Because reboot window clock times are always obeyed, reboot windows may be lengthened or shortened due
 * to shifts in clock time", or "skipped entirely" (Zincati, docs/usage/updates-strategy.md, time zone
 * caveats): a window is open while the zone's clock shows one of its minutes. A minute that the clock
 * skips never comes; one that it shows twice counts twice.
 *
 * A blackout begins when the zone's clock first shows its first day, and ends when it first shows the day
 * after its last one.
 */
export class RebootCalendar {
  readonly zone: TimeZone
  readonly #windows: WeeklyWindows
  readonly #blackouts: readonly Span[]

  /** @throws RangeError when the time zone is unknown, or a day of a blackout does not exist */
  constructor({ timeZone = 'UTC', windows = [], blackouts = [] }: CalendarRules) {
    this.zone = new TimeZone(timeZone)
    this.#windows = new WeeklyWindows(windows)
    this.#blackouts = blackouts.map((blackout) => ({
      blackout,
      start: this.zone.minuteOf(firstMinuteOf(blackout.from)),
      end: this.zone.minuteOf(firstMinuteOf(blackout.to) + DAY_MINUTES),
    }))
  }

  /** Whether there are windows; without any, one is always taken to be open. */
  get hasWindows(): boolean {
    return !this.#windows.isEmpty
  }

  get hasBlackouts(): boolean {
    return this.#blackouts.length > 0
  }

  /** Whether a window is open, be there a blackout or not. */
  isInWindow(now: number): boolean {
    return !this.hasWindows || this.#windows.isOpen(this.zone.localMinuteAt(toMinute(now)))
  }

  /** The blackout that is on; of several, the first of the file. */
  blackoutAt(now: number): BlackoutAtPresent | undefined {
    const minute = toMinute(now)
    const span = this.#spanAt(minute)
    if (span === undefined) return undefined
    return { blackout: span.blackout, until: this.#endOfBlackouts(minute) * MINUTE_MS }
  }

  /** Whether machines may take slots. */
  isOpen(now: number): boolean {
    return this.blackoutAt(now) === undefined && this.isInWindow(now)
  }

  /** The first instant from `now` on at which machines may take slots: `now` itself if they may. */
  nextOpening(now: number): number {
    let minute = toMinute(now)
    for (;;) {
      const free = this.#endOfBlackouts(minute)
      const opening = this.hasWindows ? this.#firstOpen(free) : free
      if (this.#spanAt(opening) === undefined) return Math.max(now, opening * MINUTE_MS)
      minute = opening
    }
  }

  /** When {@link isOpen} changes next, in milliseconds since the epoch; undefined: not any more. */
  nextChange(now: number): number | undefined {
    if (!this.isOpen(now)) return this.nextOpening(now)
    const minute = toMinute(now)
    const hasClosings = this.hasWindows && !this.#windows.isAlwaysOpen
    const closing = hasClosings
      ? this.zone.firstMinute(minute, (local) => this.#windows.nextClosed(local))
      : Infinity
    const blackouts = this.#blackouts.map(({ start }) => start).filter((start) => start > minute)
    const next = Math.min(closing, ...blackouts)
    return next === Infinity ? undefined : next * MINUTE_MS
  }

  /** The next `count` windows, one that is open now included; none where there are no windows. */
  comingWindows(now: number, count: number): readonly ComingWindow[] {
    if (!this.hasWindows) return []
    if (this.#windows.isAlwaysOpen) return [this.#comingWindow(toMinute(now), Infinity)]
    const coming: ComingWindow[] = []
    let opens = this.#firstOpen(toMinute(now) - LONGEST_WINDOW_MINUTES)
    while (coming.length < count) {
      const closes = this.zone.firstMinute(opens, (local) => this.#windows.nextClosed(local))
      if (closes > toMinute(now)) coming.push(this.#comingWindow(opens, closes))
      opens = this.#firstOpen(closes)
    }
    return coming
  }

  /** The blackouts that are not over, in the order of the file. */
  comingBlackouts(now: number): readonly ComingBlackout[] {
    return this.#blackouts
      .map(({ blackout, start, end }) => {
        return { blackout, begins: start * MINUTE_MS, ends: end * MINUTE_MS }
      })
      .filter(({ ends }) => ends > now)
  }

  #firstOpen(minute: number): number {
    return this.zone.firstMinute(minute, (local) => this.#windows.nextOpen(local))
  }

  #spanAt(minute: number): Span | undefined {
    return this.#blackouts.find(({ start, end }) => start <= minute && minute < end)
  }

  /** The first minute from `minute` on without a blackout. */
  #endOfBlackouts(minute: number): number {
    let end = minute
    for (let span = this.#spanAt(end); span !== undefined; span = this.#spanAt(end)) end = span.end
    return end
  }

  #comingWindow(opens: number, closes: number): ComingWindow {
    const spans = this.#blackouts.filter(({ start, end }) => start < closes && opens < end)
    return {
      opensAt: opens * MINUTE_MS,
      closesAt: closes === Infinity ? null : closes * MINUTE_MS,
      blackouts: spans.map(({ blackout }) => blackout),
      isBlackedOut: spans.length > 0 && this.#endOfBlackouts(opens) >= closes,
    }
  }
}

function toMinute(instant: number): number {
  return Math.floor(instant / MINUTE_MS)
}

function firstMinuteOf(text: string): number {
  const day = parseDay(text)
  if (day === undefined) throw new RangeError(`there is no day ${text}`)
  return day * DAY_MINUTES
}
