import { readOverview } from '../lock/overview.js'
import { printable, printableId } from '../terminal/printable.js'
import { unlockCommand } from '../terminal/unlock-command.js'
import type { OperatorContext } from './operator-store.js'
import { loadStatusDetails } from './status-details.js'

/**
 * What was probably meant by the unlocking of a machine that holds nothing in `group`; undefined where
 * nothing is known of it.
 *
 * @throws StoreError when the store cannot be asked
 */
export async function unlockHint(
  given: string,
  group: string,
  context: OperatorContext,
): Promise<string | undefined> {
  const { groups } = await readOverview(context.store, context.timeoutMs)
  const heldBy = (id: string): readonly string[] =>
    groups.filter(({ holders }) => holders.some((holder) => holder.id === id)).map((it) => it.group)
  const held = heldBy(given)
  const [first] = held
  if (first !== undefined) {
    const command = unlockCommand(given, first)
    const groupsOfIt = printable(held.join(', '))
    return `${printableId(given)} holds nothing in the group ${group}; it holds in ${groupsOfIt}: ${command}`
  }
  const [id, ...others] = (await loadStatusDetails(context)).idsNamed(given)
  if (id === undefined || others.length > 0) return undefined
  const heldByNode = heldBy(id)
  const [place] = heldByNode.includes(group) ? [group] : heldByNode
  if (place === undefined) return `${given} is the name of ${id}, which holds nothing either`
  return `${given} is the name of ${id}: ${unlockCommand(id, place)}`
}
