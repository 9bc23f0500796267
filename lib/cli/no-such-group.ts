import { closestName } from '../config/closest-name.js'
import { printable } from '../terminal/printable.js'

/** The sentence for a group that there is not: which there are, and which was probably meant. */
export function noSuchGroup(name: string, known: Iterable<string>): string {
  const names = [...new Set(known)]
  const list =
    names.length === 0 ? 'there are none yet' : `there are ${printable(names.join(', '))}`
  const closest = closestName(name, names)
  const guess = closest === undefined ? '' : `; did you mean ${JSON.stringify(closest)}?`
  return `there is no group ${JSON.stringify(name)}; ${list}${guess}`
}
