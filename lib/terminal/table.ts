/** A column of a table: its heading, and whether its values are numbers and stand to the right. */
export interface Column {
  readonly heading: string
  readonly isNumber?: boolean
}

/** Between two columns. */
const GAP = '  '

/** A column is never cut below this many characters; a narrower terminal breaks the lines itself. */
const SHORTEST_COLUMN = 8

/**
 * Lines of a table without frames: readable for people, and for `awk` when piped. With a `width` the
 * widest column of text is cut, with `…`, until the lines fit; without one nothing is cut.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width?: number,
): readonly string[] {
  const all = [columns.map(({ heading }) => heading), ...rows]
  const widths = columns.map((_, index) => Math.max(...all.map((row) => row[index]?.length ?? 0)))
  if (width !== undefined) shrink(widths, columns, width)
  return all.map((row) =>
    row
      .map((value, index) => {
        const space = widths[index] ?? 0
        const text = value.length > space ? `${value.slice(0, space - 1)}…` : value
        return columns[index]?.isNumber === true ? text.padStart(space) : text.padEnd(space)
      })
      .join(GAP)
      .trimEnd(),
  )
}

function shrink(widths: number[], columns: readonly Column[], width: number): void {
  const total = (): number =>
    widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1))
  while (total() > width) {
    const candidates = widths
      .map((each, index) => ({ each, index }))
      .filter(({ index }) => columns[index]?.isNumber !== true)
    const widest = candidates.reduce((a, b) => (b.each > a.each ? b : a))
    if (widest.each <= SHORTEST_COLUMN) return
    widths[widest.index] = Math.max(SHORTEST_COLUMN, widest.each - (total() - width))
  }
}
