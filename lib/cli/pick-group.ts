import { Option, type Command } from 'commander'
import { readOverview } from '../lock/overview.js'
import { groupProblem } from '../semaphore/node-identity.js'
import type { OperatorContext } from './operator-store.js'

/** Adds `--group`; without it a command takes the default group. */
export function addGroupOption(command: Command): Command {
  return command.addOption(
    new Option('-g, --group <name>', 'the group (default: the default group)').env('AIRLOCK_GROUP'),
  )
}

/** A group's name and its slots, or why it is none. */
export type PickedGroup =
  { readonly group: string; readonly slots: number } | { readonly problem: string }

/**
 * The group that a command is about: it must be configured, or be in the store. A typing error must not
 * make a new group.
 *
 * @throws StoreError when the store has to be asked and cannot be
 */
export async function pickGroup(
  name: string | undefined,
  { store, timeoutMs, groups, defaultGroup }: OperatorContext,
): Promise<PickedGroup> {
  const group = name ?? defaultGroup
  const wrong = groupProblem(group)
  if (wrong !== undefined) return { problem: `the name of a group ${wrong}` }
  const configured = groups?.find((each) => each.name === group)
  if (configured !== undefined) return { group, slots: configured.slots }
  const overview = await readOverview(store, timeoutMs)
  const stored = overview.groups.find((each) => each.group === group)
  if (stored !== undefined) return { group, slots: stored.totalSlots }
  const known = new Set([
    ...(groups ?? []).map((each) => each.name),
    ...overview.groups.map((each) => each.group),
  ])
  const list = known.size === 0 ? 'there are none yet' : `there are ${[...known].join(', ')}`
  return { problem: `there is no group ${JSON.stringify(group)}; ${list}` }
}
