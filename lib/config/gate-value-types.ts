import { TomlDate } from 'smol-toml'
import * as v from 'valibot'
import { parseDay } from '../calendar/day.js'
import { isTimeZone } from '../calendar/time-zone.js'
import { parseTimeOfDay, WEEKDAYS, type Weekday } from '../calendar/weekly-windows.js'
import { compileAlertPattern } from '../gates/alert-pattern.js'
import { MAX_PATTERN_LENGTH, MAX_URL_LENGTH } from './bounds.js'
import { closestName } from './closest-name.js'
import { describeValue } from './describe-value.js'
import { isOneLine } from './one-line.js'
import { list, textThat, type ValueType } from './value-types.js'

const FULL_NAMES = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const

/** Days of the week as Zincati takes them: in English, in full or abbreviated, in any letter case. */
export function weekdays(): ValueType<readonly Weekday[]> {
  const message = (issue: v.BaseIssue<unknown>): string =>
    `expected a day of the week like "Sat" or "Saturday", got ${describeValue(issue.input)}`
  const weekday: ValueType<Weekday> = {
    schema: v.pipe(
      v.string(message),
      v.check((text) => weekdayOf(text) !== undefined, message),
      v.transform((text) => weekdayOf(text) ?? 'Mon'),
    ),
    fromText: (text) => text,
  }
  return atLeastOne(list(weekday, WEEKDAYS.length), 'expected at least one day')
}

function weekdayOf(text: string): Weekday | undefined {
  const lower = text.toLowerCase()
  const index = WEEKDAYS.findIndex(
    (day, at) => day.toLowerCase() === lower || FULL_NAMES[at] === lower,
  )
  return WEEKDAYS[index]
}

/** A time of day on a clock of 24 hours. */
export function timeOfDay(): ValueType<string> {
  return textThat((text) => parseTimeOfDay(text) !== undefined, 'a time from "00:00" to "23:59"')
}

/** A time zone of IANA's database that this Node knows. */
export function timeZone(): ValueType<string> {
  const message = (issue: v.BaseIssue<unknown>): string => {
    const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')]
    const closest = typeof issue.input === 'string' ? closestName(issue.input, zones) : undefined
    const hint = closest === undefined ? '' : `; did you mean "${closest}"?`
    return `expected a time zone like "Europe/Berlin" or "UTC", got ${describeValue(issue.input)}${hint}`
  }
  return {
    schema: v.pipe(v.string(message), v.check(isTimeZone, message)),
    fromText: (text) => text,
  }
}

/** A day as a TOML local date or as text. */
export function day(): ValueType<string> {
  const message = (issue: v.BaseIssue<unknown>): string =>
    `expected a day like 2026-12-20, got ${describeValue(issue.input)}`
  return {
    schema: v.pipe(
      v.unknown(),
      v.transform((value) =>
        value instanceof TomlDate && value.isDate() ? value.toISOString() : value,
      ),
      v.string(message),
      v.check((text) => parseDay(text) !== undefined, message),
    ),
    fromText: (text) => text,
  }
}

/** One line for people. */
export function line(maxLength: number): ValueType<string> {
  return textThat((text) => isOneLine(text, maxLength), `one line of 1 to ${maxLength} characters`)
}

/** The URL of a server that a gate asks; only a `prometheus` may have no query of its own. */
export function remoteUrl({ mayHaveQuery }: { mayHaveQuery: boolean }): ValueType<string> {
  const without = mayHaveQuery ? 'a user, a password' : 'a user, a password, a query'
  return textThat((text) => {
    if (text.length > MAX_URL_LENGTH || /\s/.test(text) || !URL.canParse(text)) return false
    const { protocol, username, password, search } = new URL(text)
    const isPlain = username === '' && password === '' && !text.includes('#')
    return /^https?:$/.test(protocol) && isPlain && (mayHaveQuery || search === '')
  }, `an http or https URL without ${without} or a fragment`)
}

/** A regular expression on names of alerts. */
export function alertPattern(): ValueType<string> {
  const problemOf = (text: string): string | undefined => {
    if (text.length > MAX_PATTERN_LENGTH)
      return `it is longer than ${MAX_PATTERN_LENGTH} characters`
    const compiled = compileAlertPattern(text)
    return 'problem' in compiled ? compiled.problem : undefined
  }
  return {
    schema: v.pipe(
      v.string((issue) => `expected a regular expression, got ${describeValue(issue.input)}`),
      v.check(
        (text) => problemOf(text) === undefined,
        (issue) =>
          `expected a regular expression as RE2 has it, got ${describeValue(issue.input)}: ` +
          (problemOf(issue.input) ?? ''),
      ),
    ),
    fromText: (text) => text,
  }
}

/** A list that would say nothing if it were empty. */
export function atLeastOne<T>(
  { schema, fromText }: ValueType<readonly T[]>,
  message: string,
): ValueType<readonly T[]> {
  return {
    schema: v.pipe(
      schema,
      v.check((items) => items.length > 0, message),
    ),
    fromText,
  }
}
