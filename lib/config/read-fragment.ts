import * as v from 'valibot'
import { closestName } from './closest-name.js'
import type { Override } from './collect-overrides.js'
import { describeValue, quoteText } from './describe-value.js'
import type { Field, Fields, MapField, TableField, TablesField, ValueField } from './field.js'
import type { Findings } from './findings.js'
import type { Fragment, KeyPath } from './schema.js'

/** A fragment, and where each of its values comes from. */
export interface Reading {
  readonly fragment: Fragment
  /** Whether the file or the environment says anything about this key, be it valid or not. */
  isGiven(path: KeyPath | `lock.groups[${number}].window`): boolean
  /** What a message calls this key: the environment variable that set it, else its path. */
  placeOf(path: KeyPath): string
  /** Like placeOf for an item of a list; the environment's items have no place of their own. */
  placeOfItem(path: KeyPath, index: number): string
}

type Table = Readonly<Record<string, unknown>>

interface Context {
  readonly overrides: ReadonlyMap<string, Override>
  readonly findings: Findings
  /** Path → what messages call it, for each key that is given. */
  readonly places: Map<string, string>
}

/**
 * Checks every key by itself, in the order of the file. `schema` is the table that Fragment is the
 * type of.
 */
export function readFragment(
  schema: TableField<Fields>,
  tree: Table,
  overrides: ReadonlyMap<string, Override>,
  findings: Findings,
): Reading {
  const places = new Map<string, string>()
  const fragment = readFields(schema.fields, tree, '', { overrides, findings, places })
  const placeOf = (path: KeyPath): string => places.get(path) ?? path
  return {
    fragment: fragment as Fragment,
    isGiven: (path) => places.has(path),
    placeOf,
    placeOfItem: (path, index) =>
      overrides.has(path) ? placeOf(path) : `${placeOf(path)}[${index}]`,
  }
}

function readFields(fields: Fields, raw: Table, parent: string, context: Context): Table {
  const read = new Map<string, unknown>()
  for (const name of new Set([...Object.keys(raw), ...Object.keys(fields)])) {
    const path = childPath(parent, name)
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (field === undefined) {
      context.findings.problem(path, unknownKey(name, raw[name], fields, parent))
    } else {
      read.set(name, readField(field, raw[name], path, context))
    }
  }
  return Object.fromEntries(read)
}

function readField(field: Field, raw: unknown, path: string, context: Context): unknown {
  if (field.shape === 'value') return readValue(field, raw, path, context)
  if (field.shape === 'tables') return readTables(field, raw, path, context)
  if (field.shape === 'map') return readMap(field, raw, path, context.findings)
  return readTable(field.fields, raw, path, context)
}

/** What is no table is one problem; the environment's values for its keys are still read. */
function readTable(fields: Fields, raw: unknown, path: string, context: Context): Table {
  if (raw === undefined || isTable(raw)) return readFields(fields, raw ?? {}, path, context)
  context.findings.problem(path, `expected a table, got ${describeValue(raw)}`)
  return readFields(fields, {}, path, context)
}

function readTables(
  field: TablesField<Fields>,
  raw: unknown,
  path: string,
  context: Context,
): readonly Table[] {
  if (raw === undefined) return []
  context.places.set(path, path)
  if (!Array.isArray(raw)) {
    const message = `expected a list of tables, [[${path}]], got ${describeValue(raw)}`
    context.findings.problem(path, message)
    return []
  }
  if (raw.length > field.maxItems) {
    const message = `expected at most ${field.maxItems} tables, got ${raw.length}`
    context.findings.problem(path, message)
    return []
  }
  return raw.map((item: unknown, index) => {
    const place = `${path}[${index}]`
    if (isTable(item)) return readFields(field.fields, item, place, context)
    context.findings.problem(place, `expected a table, got ${describeValue(item)}`)
    return {}
  })
}

/** Reads a table of free keys; what is wrong with one of them leaves out that one. */
export function readMap<T>(
  { what, problemOf, value, maxItems }: MapField<T>,
  raw: unknown,
  path: string,
  findings: Findings,
): Readonly<Record<string, T>> {
  if (raw !== undefined && !isTable(raw)) {
    findings.problem(path, `expected a table, got ${describeValue(raw)}`)
    return {}
  }
  const pairs = Object.entries(raw ?? {})
  if (pairs.length > maxItems) {
    findings.problem(path, `expected at most ${maxItems} ${what}s, got ${pairs.length}`)
    return {}
  }
  const read = pairs.flatMap(([name, item]): [string, T][] => {
    const place = childPath(path, name)
    const problem = problemOf(name)
    if (problem !== undefined) findings.problem(place, `the ${what} ${problem}`)
    const result = v.safeParse(value.schema, item, { abortPipeEarly: true })
    for (const { message } of result.issues ?? []) findings.problem(place, message)
    return result.success ? [[name, result.output]] : []
  })
  return Object.fromEntries(read)
}

function readValue(
  field: ValueField<unknown>,
  inFile: unknown,
  path: string,
  { overrides, findings, places }: Context,
): unknown {
  const override = overrides.get(path)
  const raw = override === undefined ? inFile : override.value
  if (raw === undefined || (field.isEmptyUnset && raw === '')) {
    if (field.isRequired) findings.problem(path, 'is missing')
    return field.fallback
  }
  const place = override?.variable ?? path
  places.set(path, place)
  const result = v.safeParse(field.schema, raw, { abortPipeEarly: true })
  if (result.success) return result.output
  for (const issue of result.issues) {
    const isInFile = override === undefined
    const indices = (issue.path ?? []).map(({ key }) => `[${String(key)}]`).join('')
    findings.problem(isInFile ? place + indices : place, issue.message)
  }
  return field.fallback
}

function unknownKey(name: string, raw: unknown, fields: Fields, parent: string): string {
  const isSection = parent === '' && (isTable(raw) || Array.isArray(raw))
  const closest = closestName(name, Object.keys(fields))
  const known = `the ${parent === '' ? 'sections' : 'keys here'} are ${Object.keys(fields).join(', ')}`
  const hint = closest === undefined ? known : `did you mean "${closest}"?`
  return `unknown ${isSection ? 'section' : 'key'}; ${hint}`
}

/** A path as TOML would write it, so that a quoted key with dots in it stays one key. */
function childPath(parent: string, name: string): string {
  const shown = /^[A-Za-z0-9_-]{1,80}$/.test(name) ? name : quoteText(name)
  return parent === '' ? shown : `${parent}.${shown}`
}

function isTable(value: unknown): value is Table {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  )
}
