import { formatProblems } from '../config/format-problems.js'
import type { Problem } from '../config/problem.js'
import { EXIT } from './exit-codes.js'

/** Prints every problem of a configuration and returns the exit code for it. */
export function reportProblems(file: string, problems: readonly Problem[]): number {
  process.stderr.write(`${formatProblems(file, problems)}\n`)
  return EXIT.usage
}

/** Node's major version, on which some settings depend. */
export function nodeMajor(): number {
  return Number(process.versions.node.split('.')[0])
}
