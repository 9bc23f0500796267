import { idProblem } from '../semaphore/node-identity.js'
import { MAX_NAMED_NODES } from './bounds.js'
import { map } from './field.js'
import { Findings } from './findings.js'
import { parseToml } from './parse-toml.js'
import type { Problem } from './problem.js'
import { readMap } from './read-fragment.js'
import { nodeName } from './value-types.js'

/** What people call their nodes: id → name. Two may have one name, as one machine after another has. */
export type NodeNames = Readonly<Record<string, string>>

/** `"id" = "name"` pairs, in `[nodes]` or in a file of their own. */
export const NODES = map({
  what: 'id',
  problemOf: idProblem,
  value: nodeName(),
  maxItems: MAX_NAMED_NODES,
})

/** Reads the text of a file of names: what stands in `[nodes]`, without that line. It never throws. */
export function parseNodeNames(
  toml: string,
): { readonly names: NodeNames } | { readonly problems: readonly Problem[] } {
  const parsed = parseToml(toml)
  if ('problem' in parsed) return { problems: [parsed.problem] }
  const findings = new Findings()
  const names = readMap(NODES, parsed.tree, '', findings)
  return findings.problems.length > 0 ? { problems: findings.problems } : { names }
}
