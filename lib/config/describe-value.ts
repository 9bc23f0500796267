import { TomlDate } from 'smol-toml'
import { MAX_SHOWN_LENGTH } from './bounds.js'

/** Characters that would move the cursor or vanish in a terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** A value from a TOML file as messages show it after "got": quoted, or named by its TOML type. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoteText(value)
    case 'bigint':
      return cut(value.toString())
    case 'number':
      return `the float ${printFloat(value)}`
    case 'boolean':
      return value ? 'true' : 'false'
    default:
      if (value instanceof TomlDate) return `the ${dateType(value)} ${value.toISOString()}`
      if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
      return 'a table'
  }
}

/**
 * Text in double quotes on one line, cut when it is long, with nothing that a terminal acts on. The
 * user name and password of a URL are hidden.
 */
export function quoteText(text: string): string {
  return JSON.stringify(cut(text.replace(/:\/\/.*@/su, '://***@'))).replace(
    UNPRINTABLE,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

function cut(text: string): string {
  return text.length <= MAX_SHOWN_LENGTH ? text : `${text.slice(0, MAX_SHOWN_LENGTH)}…`
}

function printFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const text = String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

function dateType(date: TomlDate): string {
  if (date.isDate()) return 'date'
  return date.isTime() ? 'time' : 'date-time'
}
