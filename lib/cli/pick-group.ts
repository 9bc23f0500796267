import { readOverview } from '../lock/overview.js'
import { noSuchGroup } from './no-such-group.js'
import type { OperatorContext } from './operator-store.js'

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
  { store, timeoutMs, settings, defaultGroup }: OperatorContext,
): Promise<PickedGroup> {
  const group = name ?? defaultGroup
  const configured = settings?.lock.groups.find((each) => each.name === group)
  if (configured !== undefined) return { group, slots: configured.slots }
  const overview = await readOverview(store, timeoutMs)
  const stored = overview.groups.find((each) => each.group === group)
  if (stored !== undefined) return { group, slots: stored.totalSlots }
  const known = [
    ...(settings?.lock.groups ?? []).map((each) => each.name),
    ...overview.groups.map((each) => each.group),
  ]
  return { problem: noSuchGroup(group, known) }
}
