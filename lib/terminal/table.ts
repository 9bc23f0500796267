import { cutToWidth, displayWidth } from './display-width.js'

/** A column of a table: its heading, and what may become of it where the lines are too long. */
export interface Column {
  readonly heading: string
  /** Its values are numbers: they stand to the right, and are never cut. */
  readonly isNumber?: boolean
  /** Never cut, as people type it or copy it: a part of it would be of no use. */
  readonly isWhole?: boolean
  /** Left out where the lines would be too long with it. */
  readonly mayBeLeftOut?: boolean
}

/** Between two columns. */
const GAP = '  '

/** A column is never cut below this many cells; a narrower terminal breaks the lines itself. */
const SHORTEST_COLUMN = 8

/** A column with all its texts, the heading first. */
interface Sized {
  readonly column: Column
  readonly texts: readonly string[]
  /** In cells of a terminal. */
  readonly width: number
}

/**
 * Lines of a table without frames: readable for people, and for `awk` when piped. With a `width`,
 * columns that may be left out go, the first of them first, while the lines cannot be short enough with
 * them; then the widest text is cut, with `…`, until the lines fit. What is never cut may still be
 * longer. Without a `width` everything is there.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width?: number,
): readonly string[] {
  const natural = columns.map((column, index) => {
    const texts = [column.heading, ...rows.map((row) => row[index] ?? '')]
    return { column, texts, width: Math.max(...texts.map(displayWidth)) }
  })
  const fitted = width === undefined ? natural : shrink(leaveOut(natural, width), width)
  return ['', ...rows].map((_, line) =>
    fitted
      .map((sized) => fill(sized, sized.texts[line] ?? ''))
      .join(GAP)
      .trimEnd(),
  )
}

function fill({ column, width }: Sized, text: string): string {
  const shown = cutToWidth(text, width)
  const blanks = ' '.repeat(width - displayWidth(shown))
  return column.isNumber === true ? blanks + shown : shown + blanks
}

function leaveOut(columns: readonly Sized[], width: number): readonly Sized[] {
  const shortest = columns.map((each) => ({ ...each, width: shortestWidth(each) }))
  const first = columns.findIndex(({ column }) => column.mayBeLeftOut === true)
  if (first < 0 || lineWidth(shortest) <= width) return columns
  return leaveOut(columns.toSpliced(first, 1), width)
}

function shrink(columns: readonly Sized[], width: number): readonly Sized[] {
  const excess = lineWidth(columns) - width
  if (excess <= 0) return columns
  const widest = columns
    .filter((each) => each.width > shortestWidth(each))
    .reduce<Sized | undefined>((a, b) => (a !== undefined && a.width >= b.width ? a : b), undefined)
  if (widest === undefined) return columns
  const cut = { ...widest, width: Math.max(SHORTEST_COLUMN, widest.width - excess) }
  return shrink(
    columns.map((each) => (each === widest ? cut : each)),
    width,
  )
}

function shortestWidth({ column, width }: Sized): number {
  const isCut = column.isNumber !== true && column.isWhole !== true
  return isCut ? Math.min(width, SHORTEST_COLUMN) : width
}

function lineWidth(columns: readonly Sized[]): number {
  return columns.reduce((sum, { width }) => sum + width, GAP.length * (columns.length - 1))
}
