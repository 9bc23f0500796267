/** What a figure is measured in, as it is printed behind it. */
export type Unit = 'ms' | 's' | '/s' | 'MB' | '%' | '×' | ''

/** One line of the table: a figure of airlock, beside what it is to be compared with. */
export interface Figure {
  readonly scenario: string
  readonly name: string
  readonly unit: Unit
  readonly airlock: number
  /** The same figure of the server given with `--peer`. */
  readonly peer?: number | undefined
  /** A bound, or something like airlock that does less. */
  readonly reference?: { readonly name: string; readonly value: number } | undefined
  readonly target?: Target | undefined
}

/** A bound on a figure itself, or on its ratio to the reference. */
export interface Target {
  readonly of: 'value' | 'ratio'
  readonly atMost?: number
  readonly atLeast?: number
}

/** The figure by its reference. */
export function ratioOf({ airlock, reference }: Figure): number | undefined {
  return reference === undefined ? undefined : airlock / reference.value
}

/** Whether the figure is within its target; undefined if it has none. A missing figure is not. */
export function isMet(figure: Figure): boolean | undefined {
  const { target } = figure
  if (target === undefined) return undefined
  const value = (target.of === 'ratio' ? ratioOf(figure) : figure.airlock) ?? NaN
  const { atMost = Infinity, atLeast = -Infinity } = target
  return value <= atMost && value >= atLeast
}
