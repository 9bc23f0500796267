import type { PauseRecord } from '../lock/change.js'
import { printable } from '../terminal/printable.js'

/** `since … by …: the reason`, as far as it is known. */
export function describePause({ since, by, reason }: PauseRecord): string {
  const origin = [since && `since ${since}`, by && `by ${by}`].filter((part) => part !== '')
  return printable(`${origin.join(' ')}: ${reason}`)
}
