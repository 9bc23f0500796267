import { chooseStore } from './choose-store.js'
import { collectOverrides } from './collect-overrides.js'
import { Findings } from './findings.js'
import { parseToml } from './parse-toml.js'
import type { Problem, Warning } from './problem.js'
import { readFragment } from './read-fragment.js'
import { findOtherDefaults, readListeners } from './read-listeners.js'
import { readGates } from './read-gates.js'
import { readLock } from './read-lock.js'
import { readNotify } from './read-notify.js'
import { SCHEMA } from './schema.js'
import type { Settings } from './settings.js'

/** Settings that can be used, or everything that has to be put right first. */
export type ParsedSettings =
  | { readonly settings: Settings; readonly warnings: readonly Warning[] }
  | { readonly problems: readonly Problem[] }

/** What the settings depend on beside the file and the environment. */
export interface ParseOptions {
  /** Node's major version; some settings need more on some of them. */
  readonly nodeMajor: number
}

/**
 * Reads a configuration file's text. `environment` may override each key that is no list of tables and no node
 * with `AIRLOCK__<SECTION>__<KEY>`; of its other variables only those of gates.prometheus count. All problems are reported at
 * once, the environment's unknown variables first, then in the order of the file, then those between
 * keys; only a TOML syntax error comes alone. It never throws.
 */
export function parseSettings(
  toml: string,
  environment: Readonly<Record<string, string | undefined>>,
  options: ParseOptions,
): ParsedSettings {
  const parsed = parseToml(toml)
  if ('problem' in parsed) return { problems: [parsed.problem] }
  const findings = new Findings()
  const overrides = collectOverrides(SCHEMA, environment, findings)
  const reading = readFragment(SCHEMA, parsed.tree, overrides, findings)
  const store = chooseStore(reading, findings, options.nodeMajor)
  const listeners = readListeners(reading, findings)
  const lock = readLock(reading, findings)
  const groups = lock.groups.map(({ name }) => name)
  const gates = readGates(reading, groups, environment, findings)
  const notify = readNotify(reading, findings)
  if (store?.kind === 'etcd') findOtherDefaults(reading, findings)
  if (store === undefined || findings.problems.length > 0) return { problems: findings.problems }
  const { nodes, log } = reading.fragment
  const settings = freeze({ ...listeners, nodes, store, lock, gates, notify, log })
  return { settings, warnings: findings.warnings }
}

function freeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) {
    if (typeof child === 'object' && child !== null) freeze(child as object)
  }
  return Object.freeze(value)
}
