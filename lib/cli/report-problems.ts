import { formatProblems } from '../config/format-problems.js'
import { isMissingFile } from '../config/missing-file.js'
import type { Problem } from '../config/problem.js'
import { EXIT } from './exit-codes.js'

/**
 * Prints every problem of a configuration and returns the exit code for it.
 *
 * @param orEndpoint whether the command could do with `--endpoint` in its place
 */
export function reportProblems(
  file: string,
  problems: readonly Problem[],
  { orEndpoint = false } = {},
): number {
  if (isMissingFile(file, problems)) {
    const others = `another with -c FILE or AIRLOCK_CONFIG${orEndpoint ? ', or an etcd with --endpoint' : ''}`
    process.stderr.write(`airlock: there is no configuration ${file}; name ${others}\n`)
    return EXIT.usage
  }
  process.stderr.write(`${formatProblems(file, problems)}\n`)
  return EXIT.usage
}

/** Node's major version, on which some settings depend. */
export function nodeMajor(): number {
  return Number(process.versions.node.split('.')[0])
}
