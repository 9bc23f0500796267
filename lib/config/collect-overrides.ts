import { closestName } from './closest-name.js'
import type { Fields, TableField, ValueField } from './field.js'
import type { Findings } from './findings.js'

/** An environment variable that stands for a key of the file. */
export interface Override {
  readonly variable: string
  /** The value as TOML would give it; not validated yet. */
  readonly value: unknown
}

/**
 * What every such variable begins with. Two underscores, because Kubernetes injects
 * `AIRLOCK_SERVICE_PORT` for a Service named airlock.
 */
const PREFIX = 'AIRLOCK__'

interface Variables {
  readonly settable: Map<string, { readonly path: string; readonly field: ValueField<unknown> }>
  /** Variable → how a list of tables, or a table of free keys, is written in the file. */
  readonly onlyInFile: Map<string, string>
}

/**
 * The keys that the environment overrides, by TOML path. A variable with the prefix that stands for
 * no key is a problem: it would otherwise be a setting that silently does nothing.
 */
export function collectOverrides(
  schema: TableField<Fields>,
  environment: Readonly<Record<string, string | undefined>>,
  findings: Findings,
): ReadonlyMap<string, Override> {
  const variables: Variables = { settable: new Map(), onlyInFile: new Map() }
  nameVariables(schema.fields, [], variables)
  const overrides = new Map<string, Override>()
  for (const name of Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX))
    .sort()) {
    const text = environment[name]
    if (text === undefined) continue
    const known = variables.settable.get(name)
    if (known !== undefined) {
      overrides.set(known.path, { variable: name, value: known.field.fromText(text) })
    } else {
      findings.problem(name, unknownVariable(name, schema.fields, variables))
    }
  }
  return overrides
}

function nameVariables(fields: Fields, parents: readonly string[], variables: Variables): void {
  for (const [key, field] of Object.entries(fields)) {
    const keys = [...parents, key]
    const path = keys.join('.')
    const variable = PREFIX + keys.join('__').toUpperCase()
    if (field.shape === 'table') nameVariables(field.fields, keys, variables)
    else if (field.shape === 'tables') variables.onlyInFile.set(variable, `[[${path}]]`)
    else if (field.shape === 'map') variables.onlyInFile.set(variable, `[${path}]`)
    else variables.settable.set(variable, { path, field })
  }
}

function unknownVariable(name: string, fields: Fields, variables: Variables): string {
  for (const [variable, table] of variables.onlyInFile) {
    if (name === variable || name.startsWith(`${variable}__`)) {
      return `cannot be set from the environment; write ${table} in the file`
    }
  }
  const closest = closestName(name, variables.settable.keys())
  if (closest !== undefined) return `unknown variable; did you mean "${closest}"?`
  let known = PREFIX
  let choices = fields
  for (const part of name.slice(PREFIX.length).split('__')) {
    const key = part.toLowerCase()
    const field = Object.hasOwn(choices, key) ? choices[key] : undefined
    if (field?.shape !== 'table') break
    known += `${part}__`
    choices = field.fields
  }
  const settable = Object.keys(choices).filter(
    (key) => !['tables', 'map'].includes(choices[key]?.shape ?? ''),
  )
  return `unknown variable; after ${known} comes one of ${settable.join(', ').toUpperCase()}`
}
