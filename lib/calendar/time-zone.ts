/** A time zone's name as IANA's database has it; `+02:00`, which some versions of Node know, is none. */
const NAME = /^[A-Za-z][A-Za-z0-9_+/-]*$/

/** What Intl appends to a date: `GMT`, `GMT+05:45`, and long ago even seconds. */
const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::\d\d)?)?$/

/** No two changes of a zone's offset have ever been as close as this, in minutes. */
const CHANGE_SEARCH_STEP = 6 * 60

/** More than any zone has ever been away from UTC, in minutes. */
const LARGEST_OFFSET = 16 * 60

const MINUTE_MS = 60_000

/** Whether Node knows a time zone of this name; upper and lower case do not matter. */
export function isTimeZone(name: string): boolean {
  if (!NAME.test(name)) return false
  try {
    new TimeZone(name)
    return true
  } catch {
    return false
  }
}

/**
 * A time zone of the IANA database, in the version that Node was built with (`process.versions.tz`).
 *
 * It counts in whole minutes: since the epoch, and on the zone's own clock as if that were UTC ("local
 * minutes"). Since 1972 no zone has been off by a fraction of a minute. Local minutes may be skipped, and
 * may come twice.
 */
export class TimeZone {
  readonly name: string
  readonly #format: Intl.DateTimeFormat

  /** @throws RangeError when Node knows no such zone */
  constructor(name: string) {
    this.name = name
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  }

  /** What the zone's clock shows at a minute. */
  localMinuteAt(minute: number): number {
    return minute + this.#offsetAt(minute)
  }

  /**
   * The first minute from `from` on that the search is for: `nextLocal` gives, for a local minute, the
   * first one from it on that would do. It takes some 100 µs a week of searching.
   */
  firstMinute(from: number, nextLocal: (localMinute: number) => number): number {
    let start = from
    for (;;) {
      const offset = this.#offsetAt(start)
      const found = nextLocal(start + offset) - offset
      const change = this.#nextChange(start, found, offset)
      if (change === undefined) return found
      start = change
    }
  }

  /** The first minute at which the zone's clock shows `localMinute`, or later where that is skipped. */
  minuteOf(localMinute: number): number {
    return this.firstMinute(localMinute - LARGEST_OFFSET, (local) => Math.max(local, localMinute))
  }

  /** An instant (milliseconds since the epoch) on the zone's clock, in RFC 3339 with its offset. */
  format(instant: number): string {
    const offset = this.#offsetAt(Math.floor(instant / MINUTE_MS))
    const local = new Date(instant + offset * MINUTE_MS).toISOString().replace(/\.\d+Z$/, '')
    if (offset === 0) return `${local}Z`
    const minutes = Math.abs(offset)
    const pad = (value: number): string => String(value).padStart(2, '0')
    const sign = offset < 0 ? '-' : '+'
    return `${local}${sign}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`
  }

  /** Minutes by which the zone's clock is ahead of UTC. */
  #offsetAt(minute: number): number {
    const match = OFFSET.exec(this.#format.format(minute * MINUTE_MS))
    const [, sign, hours = '0', minutes = '0'] = match ?? []
    const size = Number(hours) * 60 + Number(minutes)
    return sign === '-' ? -size : size
  }

  /** The first minute after `from`, and at the latest at `until`, with another offset. */
  #nextChange(from: number, until: number, offset: number): number | undefined {
    let before = from
    while (before < until) {
      let after = Math.min(before + CHANGE_SEARCH_STEP, until)
      if (this.#offsetAt(after) === offset) {
        before = after
        continue
      }
      while (after - before > 1) {
        const middle = Math.floor((before + after) / 2)
        if (this.#offsetAt(middle) === offset) before = middle
        else after = middle
      }
      return after
    }
    return undefined
  }
}
