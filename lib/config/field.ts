import type { ValueType } from './value-types.js'

/** One key of a table and what may stand there. Everything about keys is derived from these. */
export type Field =
  ValueField<unknown> | TableField<Fields> | TablesField<Fields> | MapField<unknown>

/** The keys of a table, by their TOML name. */
export interface Fields {
  readonly [key: string]: Field
}

/** A key with a plain value or a list. `T` includes undefined when the key has no default. */
export interface ValueField<T> extends ValueType<Exclude<T, undefined>> {
  readonly shape: 'value'
  readonly fallback: T
  readonly isRequired: boolean
  /** Whether `""` means the same as leaving the key out. */
  readonly isEmptyUnset: boolean
}

/** A table: `[section]`. */
export interface TableField<F extends Fields> {
  readonly shape: 'table'
  readonly fields: F
}

/** A list of tables: `[[section.items]]`. It has no environment variable. */
export interface TablesField<F extends Fields> {
  readonly shape: 'tables'
  readonly fields: F
  readonly maxItems: number
}

/** A table whose keys are free: `[section]`. It has no environment variable. */
export interface MapField<T> {
  readonly shape: 'map'
  /** What its keys are, as messages say it. */
  readonly what: string
  /** Why a key is none of them, as the end of a sentence; undefined if it is. */
  readonly problemOf: (key: string) => string | undefined
  readonly value: ValueType<T>
  readonly maxItems: number
}

/**
 * What a table's keys hold once read: the value, the default, or undefined. After a problem the
 * value may be missing even where the key is required.
 */
export type FragmentOf<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends ValueField<infer T>
    ? T
    : F[K] extends TableField<infer G>
      ? FragmentOf<G>
      : F[K] extends TablesField<infer G>
        ? readonly FragmentOf<G>[]
        : F[K] extends MapField<infer T>
          ? Readonly<Record<string, T>>
          : never
}

/** A key with a default. */
export function key<T>(type: ValueType<T>, fallback: NoInfer<T>): ValueField<T> {
  return {
    ...type,
    shape: 'value',
    fallback,
    isRequired: false,
    isEmptyUnset: false,
  } as ValueField<T>
}

/** A key that may be left out and has no default. */
export function optional<T>(type: ValueType<T>): ValueField<T | undefined> {
  return key<T | undefined>(type, undefined)
}

/** Like {@link optional}, where also `""` leaves it out, as coreos/airlock has it for its paths. */
export function optionalOrEmpty<T>(type: ValueType<T>): ValueField<T | undefined> {
  return { ...optional(type), isEmptyUnset: true }
}

/** A key that must be there. */
export function required<T>(type: ValueType<T>): ValueField<T | undefined> {
  return { ...optional(type), isRequired: true }
}

/** A table of `fields`. */
export function table<F extends Fields>(fields: F): TableField<F> {
  return { shape: 'table', fields }
}

/** A list of at most `maxItems` tables of `fields`; left out, it is empty. */
export function tables<F extends Fields>(fields: F, maxItems: number): TablesField<F> {
  return { shape: 'tables', fields, maxItems }
}

/** A table of free keys; left out, it is empty. */
export function map<T>(options: Omit<MapField<T>, 'shape'>): MapField<T> {
  return { shape: 'map', ...options }
}
