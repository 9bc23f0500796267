import type { PauseRecord } from '../lock/change.js'

/** `since … by …: the reason`, as far as it is known. */
export function describePause({ since, by, reason }: PauseRecord): string {
  const origin = [since && `since ${since}`, by && `by ${by}`].filter((part) => part !== '')
  return `${origin.join(' ')}: ${reason}`
}
