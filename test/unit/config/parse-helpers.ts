import { parseSettings } from '../../../lib/config/parse-settings.js'
import type { Settings } from '../../../lib/config/settings.js'

/** The smallest files that are valid. */
export const ETCD = '[etcd3]\nendpoints = ["http://etcd1:2379"]'
export const EMBEDDED = '[store]\nkind = "embedded"\npath = "var/airlock.db"'

type Environment = Readonly<Record<string, string | undefined>>

export function problemsOf(toml: string, environment: Environment = {}, nodeMajor = 20): string[] {
  const parsed = parseSettings(toml, environment, { nodeMajor })
  if (!('problems' in parsed)) throw new Error(`expected problems of:\n${toml}`)
  return parsed.problems.map(({ path, message }) => `${path}: ${message}`)
}

export function settingsOf(toml: string, environment: Environment = {}, nodeMajor = 20): Settings {
  return valid(toml, environment, nodeMajor).settings
}

export function warningsOf(toml: string, environment: Environment = {}, nodeMajor = 20): string[] {
  const { warnings } = valid(toml, environment, nodeMajor)
  return warnings.map(({ path, message }) => `${path}: ${message}`)
}

function valid(
  toml: string,
  environment: Environment,
  nodeMajor: number,
): Extract<ReturnType<typeof parseSettings>, { settings: Settings }> {
  const parsed = parseSettings(toml, environment, { nodeMajor })
  if ('settings' in parsed) return parsed
  throw new Error(`unexpected problems: ${JSON.stringify(parsed.problems)}`)
}
