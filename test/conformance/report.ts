import type { Result } from './case.js'
import type { Session } from './session.js'

/** Counts by outcome. */
export interface Summary {
  readonly cases: number
  readonly pass: number
  readonly deviates: number
  readonly fails: number
}

export function summarise(results: readonly Result[]): Summary {
  const count = (outcome: Result['outcome']): number =>
    results.filter((result) => result.outcome === outcome).length
  return {
    cases: results.length,
    pass: count('pass'),
    deviates: count('deviates'),
    fails: count('fails'),
  }
}

/** What is being tried, in a line. */
export function printTitle({ target, slots }: Session): string {
  const count =
    slots === undefined ? 'very many slots' : `${slots} ${slots === 1 ? 'slot' : 'slots'}`
  return `FleetLock conformance of ${target.url.href}, group ${target.group}, ${count}`
}

/** A result as a line, and a line for each reason. */
export function printResult({ name, rule, outcome, reasons }: Result): string {
  const first = `${outcome.padEnd(8)}  ${name.padEnd(26)}  ${rule}`
  return [first, ...reasons.map((reason) => `${' '.repeat(10)}→ ${reason}`)].join('\n')
}

export function printSummary({ cases, pass, deviates, fails }: Summary): string {
  return `${cases} cases: ${pass} pass, ${deviates} deviate, ${fails} fail`
}
