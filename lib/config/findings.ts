import type { Problem, Warning } from './problem.js'

/** Collects what is wrong, so that the operator reads all of it at once. */
export class Findings {
  readonly problems: Problem[] = []
  readonly warnings: Warning[] = []

  problem(path: string, message: string): void {
    this.problems.push({ path, message })
  }

  hasProblemAt(path: string): boolean {
    return this.problems.some((problem) => problem.path === path)
  }

  warning(path: string, message: string): void {
    this.warnings.push({ path, message })
  }
}
