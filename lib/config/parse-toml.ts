import { parse, TomlError, type TomlTable } from 'smol-toml'
import { MAX_TOML_DEPTH } from './bounds.js'
import type { Problem } from './problem.js'

/**
 * TOML text as a tree: integers as bigint, which keeps them apart from floats; dates as TomlDate;
 * tables without a prototype.
 */
export function parseToml(
  toml: string,
): { readonly tree: TomlTable } | { readonly problem: Problem } {
  try {
    const tree = parse(toml, {
      integersAsBigInt: true,
      useLegacyDate: true,
      unsafeKeyBehaviour: 'keep',
      maxDepth: MAX_TOML_DEPTH,
    })
    return { tree }
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const firstLine = error.message.split('\n', 1)[0] ?? ''
    const reason = firstLine.replace(/^Invalid TOML document: /, '').replace(/\.$/, '')
    const path = `line ${error.line}, column ${error.column}`
    return { problem: { path, message: `is not valid TOML: ${reason}` } }
  }
}
