import { MAX_PRINTED_PROBLEMS } from './bounds.js'
import type { Problem } from './problem.js'

/** The problems of a file as they are printed before the exit, without a newline at the end. */
export function formatProblems(file: string, problems: readonly Problem[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  const lines = problems
    .slice(0, MAX_PRINTED_PROBLEMS)
    .map(({ path, message }) => `  ${path}: ${message}`)
  const hidden = problems.length - lines.length
  if (hidden > 0) lines.push(`  and ${hidden} more`)
  return [`airlock: ${file} has ${count}:`, ...lines].join('\n')
}
