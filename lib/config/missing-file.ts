import type { Problem } from './problem.js'

/** What is wrong with a configuration that is not there, as the end of a sentence. */
export const MISSING_FILE = 'cannot be read: there is no such file'

/** Whether the problems are that there is no configuration at all. */
export function isMissingFile(file: string, problems: readonly Problem[]): boolean {
  return problems.some(({ path, message }) => path === file && message === MISSING_FILE)
}
