/**
 * The name that was probably meant: letter case and `-` for `_` do not count, then at most two
 * letters may be wrong, missing, added or swapped (one in names of up to four letters). With several
 * as close, the first.
 */
export function closestName(given: string, names: Iterable<string>): string | undefined {
  const wanted = fold(given)
  let closest: string | undefined
  let closestDistance = Infinity
  for (const name of names) {
    const limit = name.length <= 4 ? 1 : 2
    if (Math.abs(name.length - wanted.length) > limit) continue
    const distance = editDistance(wanted, fold(name))
    if (distance <= limit && distance < closestDistance) {
      closest = name
      closestDistance = distance
    }
  }
  return closest
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll('-', '_')
}

/** Levenshtein's distance where a swap of two neighbours counts as one (optimal string alignment). */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const isSame = left[row - 1] === right[column - 1]
      let best = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
      )
      if (left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        best = Math.min(best, at(beforeLast, column - 2) + 1)
      }
      current.push(best)
    }
    beforeLast = last
    last = current
  }
  return at(last, right.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity
}
