import { RE2JS } from 're2js'
import { MAX_MATCHED_NAME_LENGTH } from './bounds.js'

/** A pattern that names are matched against, or why a text is none, as the end of a sentence. */
export type CompiledPattern =
  { readonly matches: (name: string) => boolean } | { readonly problem: string }

/**
 * Reads a regular expression on alerts' names in RE2's syntax, which Prometheus has, and kured's
 * `--alert-filter-regexp`. Like kured's, and unlike a matcher in PromQL, it need not match the whole name.
 * Matching takes time in proportion to the name, whatever the pattern.
 */
export function compileAlertPattern(text: string): CompiledPattern {
  try {
    const pattern = RE2JS.compile(text)
    return {
      matches: (name) => name.length <= MAX_MATCHED_NAME_LENGTH && pattern.matcher(name).find(),
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { problem: message.replace(/^error parsing regexp: /, '') }
  }
}
