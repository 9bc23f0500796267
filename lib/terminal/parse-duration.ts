const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Each unit at most once, the largest first. Nine digits of days are still a safe integer of ms. */
const PATTERN = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/

const UNITS_MS = [DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, 1]

/** What {@link parseDuration} reads, as the end of a sentence. */
export const DURATION_SHAPE = 'a duration with its units, such as 90s, 10m or 1h30m'

/**
 * Reads a duration as people write it (`90s`, `10m`, `1h30m`, `2d`, `500ms`), in milliseconds; undefined
 * if it is none. A number without a unit is none: whoever writes 10 may mean minutes.
 */
export function parseDuration(text: string): number | undefined {
  const found = text === '' ? null : PATTERN.exec(text)
  if (found === null) return undefined
  return UNITS_MS.reduce((sum, unitMs, index) => sum + unitMs * Number(found[index + 1] ?? 0), 0)
}
