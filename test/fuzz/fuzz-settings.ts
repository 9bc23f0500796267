import { randomInt } from 'node:crypto'

/** By hand, unless told: the number of cases that the project promises. */
const DEFAULT_CASES = 100_000

/** fast-check takes seeds of 32 bits. */
const MAX_SEED = 2 ** 31

/** How many cases a run has; `AIRLOCK_FUZZ_CASES`. */
export const FUZZ_CASES = readNumber('AIRLOCK_FUZZ_CASES', DEFAULT_CASES)

/** What all cases follow from; `AIRLOCK_FUZZ_SEED`, or another one each run. */
export const FUZZ_SEED = readNumber('AIRLOCK_FUZZ_SEED', randomInt(MAX_SEED))

/** Says how the suite went, and how it is repeated. */
export function report(what: string, figures: Readonly<Record<string, unknown>>): void {
  const text = Object.entries(figures).map(([name, value]) => `${name} ${String(value)}`)
  console.log(`    ${what}: ${text.join(', ')} (AIRLOCK_FUZZ_SEED=${FUZZ_SEED})`)
}

function readNumber(variable: string, otherwise: number): number {
  const text = process.env[variable]
  if (text === undefined || text === '') return otherwise
  if (!/^[1-9]\d{0,9}$/.test(text)) {
    throw new Error(`${variable}: expected a whole number of at least 1, got '${text}'`)
  }
  return Number(text)
}
