/** The middle of some figures: of an even number of them, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? NaN
  if (!Number.isInteger(middle)) return upper
  return ((sorted[middle - 1] ?? NaN) + upper) / 2
}

/** The figure that `percent` of all figures (0 to 100) do not exceed, by the nearest rank. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = Math.ceil((percent / 100) * sorted.length)
  return sorted[Math.max(0, rank - 1)] ?? NaN
}

/** How far figures of the same thing lie apart: from the least to the greatest, by the median. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values)
}
