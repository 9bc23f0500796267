import { ALL_GROUPS } from '../lock/keys.js'
import type { CorruptGroup, GroupState } from '../lock/group-state.js'
import type { GroupsSnapshot } from '../lock/store-poller.js'

/**
 * A text that is the same for two snapshots in which the groups are. The store's own revision is none:
 * others may write there too, and notifications do.
 */
export function fingerprintOf(snapshot: GroupsSnapshot): string {
  const states = [[ALL_GROUPS, snapshot.stateOf(ALL_GROUPS)] as const, ...snapshot.groups]
  const lines = states.map(([name, state]) => `${name} ${revisionsOf(state)}`)
  // A pause of all groups may have begun and ended since the last look: their events tell.
  return [`${snapshot.globalPauseChangedAt}`, ...lines].join('\n')
}

function revisionsOf(state: GroupState | CorruptGroup): string {
  if ('problem' in state) return state.problem
  const { semaphore, configuredSlots, pause, globalPause, cooldown } = state
  return [semaphore, configuredSlots, pause, globalPause, cooldown]
    .map(({ revision }) => revision)
    .join(' ')
}
