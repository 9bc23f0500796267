import { shellWord } from './shell-word.js'

/** Longest text of others that is printed, in UTF-16 code units. */
const MAX_PRINTED_LENGTH = 1000

/** Control, format, surrogate and separator characters other than the plain space. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu

/** One line without control characters: text that others wrote must not drive the terminal. */
export function printable(text: string): string {
  const clean = text.replaceAll(UNPRINTABLE, ' ')
  if (clean.length <= MAX_PRINTED_LENGTH) return clean
  return `${clean.slice(0, MAX_PRINTED_LENGTH).replace(/\p{Cs}$/u, '')}…`
}

/** The id of a machine: as it is, or where that cannot be printed as it can be typed into a shell. */
export function printableId(id: string): string {
  return id.search(UNPRINTABLE) < 0 ? id : shellWord(id)
}
