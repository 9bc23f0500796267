import { writeFileSync } from 'node:fs'

/** Numbers, or a word, by what they tell. Durations are in milliseconds. */
export type Figures = Readonly<Record<string, number | string>>

const report: Record<string, Figures> = {}

/**
 * Prints a run's figures, and writes those of all runs so far to the file that AIRLOCK_FAULT_REPORT
 * names: docs/reliability.md quotes them.
 */
export function recordFigures(name: string, figures: Figures): void {
  report[name] = figures
  const parts = Object.entries(figures).map(([key, value]) => `${key} ${value}`)
  console.log(`    ${name}: ${parts.join(', ')}`)
  const path = process.env['AIRLOCK_FAULT_REPORT'] ?? ''
  if (path !== '') writeFileSync(path, `${JSON.stringify(report, undefined, 2)}\n`)
}

/**
 * The bounds that the issue sets hold for a quiet machine; on one where other work goes on they are
 * multiplied by AIRLOCK_FAULT_FACTOR, which is 3 unless told. Use 1 to see whether they are reached.
 */
export function bound(milliseconds: number): number {
  return milliseconds * Number(process.env['AIRLOCK_FAULT_FACTOR'] ?? 3)
}
