import { formatTable } from '../lib/terminal/table.js'
import { isMet, ratioOf, type Figure, type Target } from './figure.js'
import type { Machine } from './machine.js'
import type { Noise } from './noise.js'
import type { BenchOptions } from './options.js'

/** Everything that a run has found out. */
export interface Report {
  readonly machine: Machine
  readonly options: BenchOptions
  readonly figures: readonly Figure[]
  readonly noise: readonly Noise[]
  /** Sentences about what was not as it should be. */
  readonly remarks: readonly string[]
}

/** A report for people. */
export function printReport({ machine, options, figures, noise, remarks }: Report): string {
  const hasPeer = options.peer !== undefined
  const columns = [
    { heading: 'SCENARIO' },
    { heading: 'FIGURE' },
    { heading: 'AIRLOCK', isNumber: true },
    ...(hasPeer ? [{ heading: 'PEER', isNumber: true }] : []),
    { heading: 'REFERENCE', isNumber: true },
    { heading: 'WHICH IS' },
    { heading: 'RATIO', isNumber: true },
    { heading: 'TARGET', isNumber: true },
    { heading: '' },
  ]
  const rows = figures.map((figure) => {
    const { scenario, name, airlock, peer, reference, target, unit } = figure
    const ratio = ratioOf(figure)
    const met = isMet(figure)
    return [
      scenario,
      name,
      printValue(airlock, unit),
      ...(hasPeer ? [peer === undefined ? '' : printValue(peer, unit)] : []),
      reference === undefined ? '' : printValue(reference.value, unit),
      reference?.name ?? '',
      ratio === undefined ? '' : printNumber(ratio),
      target === undefined ? '' : printTarget(target),
      met === undefined ? '' : met ? 'met' : 'MISSED',
    ]
  })
  const { processor, cores, memoryGigabytes, system, node, etcd, date, loadBefore } = machine
  return [
    `${date} · ${processor}, ${cores} cores, ${memoryGigabytes} GB · ${system} · node ${node} · etcd ${etcd}`,
    `medians of ${options.rounds} rounds of ${options.seconds} s · NODE_ENV=production for all · ` +
      `log level ${options.logLevel ?? 'default'} · load average before: ${printNumber(loadBefore)}`,
    '',
    ...formatTable(columns, rows),
    '',
    'Noise, as the spread from the least to the greatest round by the median:',
    ...noise.map(({ what, spread }) => `  ${what}: ${printPercent(spread)}`),
    ...(remarks.length === 0 ? [] : ['', 'Remarks:', ...remarks.map((text) => `  ${text}`)]),
    '',
  ].join('\n')
}

/** A report for programs. */
export function printJson(report: Report): string {
  const figures = report.figures.map((figure) => ({
    ...figure,
    ratio: ratioOf(figure),
    isMet: isMet(figure),
  }))
  return `${JSON.stringify({ ...report, figures }, undefined, 2)}\n`
}

function printTarget({ atMost, atLeast }: Target): string {
  if (atMost !== undefined) return `≤ ${atMost}`
  return `≥ ${atLeast ?? ''}`
}

function printValue(value: number, unit: Figure['unit']): string {
  return unit === '' ? printNumber(value) : `${printNumber(value)} ${unit}`
}

/** Three digits that count; whole numbers as they are. */
function printNumber(value: number): string {
  if (Number.isNaN(value)) return '–'
  if (Number.isInteger(value) || value >= 100) return value.toFixed(0)
  return value.toPrecision(3)
}

function printPercent(part: number): string {
  return `${(part * 100).toFixed(0)} %`
}
