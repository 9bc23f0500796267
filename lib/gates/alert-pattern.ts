import { MAX_MATCHED_NAME_LENGTH } from './bounds.js'

/** What RE2 does not know, and JavaScript does, or takes for something else. */
const FOREIGN: readonly (readonly [pattern: RegExp, problem: string])[] = [
  [/^(?:\\.|[^\\])*?\(\?(?:<?[=!]|<)/s, 'looking ahead or behind and named groups are not allowed'],
  [/^(?:\\.|[^\\])*?\\[1-9k]/s, 'references to groups are not allowed'],
  // So that no name, however it was chosen, takes long to match.
  [/^(?:\\.|[^\\])*?\)(?:[*+]|\{\d+,)/s, 'groups may not be repeated with *, + or {n,}'],
  [/^(?:\\.|[^\\])*?\[\^?\]/s, 'a class of characters may not be empty'],
]

/** A pattern that names are matched against, or why a text is none, as the end of a sentence. */
export type CompiledPattern =
  { readonly matches: (name: string) => boolean } | { readonly problem: string }

/**
 * Reads a regular expression on alerts' names: the part of RE2's syntax that Prometheus, and kured's
 * `--alert-filter-regexp`, share with JavaScript. Like kured's, and unlike a matcher in PromQL, it need not
 * match the whole name. `(?i)` at its beginning: upper and lower case do not matter.
 */
export function compileAlertPattern(text: string): CompiledPattern {
  const source = text.replace(/^\(\?i\)/, '')
  const foreign = FOREIGN.find(([pattern]) => pattern.test(source))
  if (foreign !== undefined) return { problem: foreign[1] }
  try {
    const pattern = new RegExp(source, source === text ? 'u' : 'iu')
    return { matches: (name) => name.length <= MAX_MATCHED_NAME_LENGTH && pattern.test(name) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { problem: (message.split(': ').at(-1) ?? message).toLowerCase() }
  }
}
