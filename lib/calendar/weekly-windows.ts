/** The days of a week, in Zincati's abbreviations; a week begins on Monday. */
export const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const

/** A day of the week. */
export type Weekday = (typeof WEEKDAYS)[number]

/** One window, opening on each of its days, as Zincati's `[[updates.periodic.window]]` has it. */
export interface RebootWindow {
  readonly days: readonly Weekday[]
  /** `hh:mm`, on the clock of the group's time zone. */
  readonly startTime: string
  /** From 1 to a week; it may reach into other days, and the next week. */
  readonly lengthMinutes: number
}

/** Minutes in a week. */
export const WEEK_MINUTES = 7 * 24 * 60

const DAY_MINUTES = 24 * 60

/** The epoch was a Thursday. */
const EPOCH_MINUTE_OF_WEEK = 3 * DAY_MINUTES

interface Interval {
  readonly start: number
  readonly end: number
}

/**
 * Windows that recur weekly, on a clock that neither skips nor repeats minutes (see TimeZone for one that
 * does). Windows that overlap or touch are one.
 *
 * INVARIANTS: the intervals are in minutes since Monday 00:00, ordered, apart from each other, and none
 * goes beyond the end of the week: there it continues as one that begins at 0.
 */
export class WeeklyWindows {
  readonly #intervals: readonly Interval[]

  constructor(windows: readonly RebootWindow[]) {
    this.#intervals = merge(windows.flatMap(intervalsOf))
  }

  /** Whether there are no windows at all. */
  get isEmpty(): boolean {
    return this.#intervals.length === 0
  }

  /** Whether they fill the week, so that none ever closes. */
  get isAlwaysOpen(): boolean {
    const [first] = this.#intervals
    return first?.start === 0 && first.end === WEEK_MINUTES
  }

  /** Whether a window is open in a local minute. */
  isOpen(localMinute: number): boolean {
    return this.#intervalAt(minuteOfWeek(localMinute)) !== undefined
  }

  /** The first local minute from `localMinute` on in which one is open; Infinity if there are none. */
  nextOpen(localMinute: number): number {
    const [first] = this.#intervals
    if (first === undefined) return Infinity
    if (this.isOpen(localMinute)) return localMinute
    const minute = minuteOfWeek(localMinute)
    const next = this.#intervals.find(({ start }) => start > minute)
    return localMinute - minute + (next?.start ?? first.start + WEEK_MINUTES)
  }

  /** The first local minute from `localMinute` on in which none is open; Infinity if they fill the week. */
  nextClosed(localMinute: number): number {
    if (this.isAlwaysOpen) return Infinity
    const minute = minuteOfWeek(localMinute)
    const interval = this.#intervalAt(minute)
    if (interval === undefined) return localMinute
    const monday = localMinute - minute
    if (interval.end < WEEK_MINUTES) return monday + interval.end
    const [first] = this.#intervals
    return monday + WEEK_MINUTES + (first?.start === 0 ? first.end : 0)
  }

  #intervalAt(minute: number): Interval | undefined {
    return this.#intervals.find(({ start, end }) => start <= minute && minute < end)
  }
}

/** The time of a `hh:mm` in minutes since midnight; undefined when it is none. */
export function parseTimeOfDay(text: string): number | undefined {
  const [, hours, minutes] = /^(\d\d?):(\d\d?)$/.exec(text) ?? []
  if (Number(hours) <= 23 && Number(minutes) <= 59) return Number(hours) * 60 + Number(minutes)
  return undefined
}

function minuteOfWeek(localMinute: number): number {
  const minute = (localMinute + EPOCH_MINUTE_OF_WEEK) % WEEK_MINUTES
  return minute < 0 ? minute + WEEK_MINUTES : minute
}

function intervalsOf({ days, startTime, lengthMinutes }: RebootWindow): readonly Interval[] {
  const time = parseTimeOfDay(startTime) ?? 0
  return days.flatMap((day) => {
    const start = WEEKDAYS.indexOf(day) * DAY_MINUTES + time
    const end = start + lengthMinutes
    if (end <= WEEK_MINUTES) return [{ start, end }]
    return [
      { start, end: WEEK_MINUTES },
      { start: 0, end: end - WEEK_MINUTES },
    ]
  })
}

function merge(intervals: readonly Interval[]): readonly Interval[] {
  const merged: Interval[] = []
  for (const { start, end } of intervals.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1)
    if (last === undefined || last.end < start) merged.push({ start, end })
    else merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, end) }
  }
  return merged
}
