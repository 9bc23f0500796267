import type { Selector, Snapshot, Store } from '../store/store.js'
import { parseHolder, type PauseRecord } from './change.js'
import type { Cooldown } from './cooldown.js'
import { ALL_GROUPS, holderKey, HOLDERS_PREFIX } from './keys.js'
import { GROUPS_SELECTORS, readGroups } from './store-poller.js'

/** A node that holds a slot; since when and by whose hand only where that was recorded. */
export interface HolderOverview {
  readonly id: string
  readonly since?: string
  readonly by?: string
  /** Whether it has held for too long; only where somebody has judged it. */
  readonly isStale?: boolean
  /** Of its record, see Hold; 0 where there is none. */
  readonly revision: number
}

/** A group as the store has it. */
export interface GroupOverview {
  readonly group: string
  readonly totalSlots: number
  /** Oldest first; those of unknown age last. */
  readonly holders: readonly HolderOverview[]
  readonly pause?: PauseRecord
  /** There while the group rests after a release. */
  readonly cooldown?: Cooldown
  /** Why the document cannot be read, as the end of a sentence; it counts as having no slots then. */
  readonly problem?: string
}

/** Everything that the store has, at one revision. */
export interface Overview {
  readonly revision: number
  /** Sorted by name. */
  readonly groups: readonly GroupOverview[]
  readonly pause?: PauseRecord
}

/** What has to be read for {@link overviewOf}. */
export const OVERVIEW_SELECTORS: readonly Selector[] = [
  ...GROUPS_SELECTORS,
  { prefix: HOLDERS_PREFIX },
]

/**
 * Reads all groups, their holders and their pauses in one snapshot. It only reads.
 *
 * @throws StoreError `unavailable`
 */
export async function readOverview(store: Store, timeoutMs: number): Promise<Overview> {
  return overviewOf(await store.read(OVERVIEW_SELECTORS, timeoutMs))
}

/** Takes the overview out of a snapshot of at least {@link OVERVIEW_SELECTORS}. */
export function overviewOf(snapshot: Snapshot): Overview {
  const records = new Map(snapshot.entries.map((entry) => [entry.key, entry]))
  const stored = readGroups(snapshot)
  const names = [...stored.groups.keys()].sort()
  const nobody = stored.stateOf(ALL_GROUPS)
  const pause = 'problem' in nobody ? undefined : nobody.globalPause.value
  return {
    revision: snapshot.revision,
    ...(pause === undefined ? {} : { pause }),
    groups: names.flatMap((group) => {
      const state = stored.stateOf(group)
      if ('problem' in state) {
        return { group, totalSlots: 0, holders: [], problem: `${state.key} ${state.problem}` }
      }
      const { semaphore, pause: own, cooldown } = state
      if (semaphore.value === undefined && own.value === undefined) return []
      const holders = (semaphore.value?.holders ?? []).map((id) => {
        const entry = records.get(holderKey(group, id))
        return { id, ...parseHolder(entry?.value ?? ''), revision: entry?.revision ?? 0 }
      })
      return {
        group,
        totalSlots: semaphore.value?.totalSlots ?? 0,
        holders: holders.sort(byAge),
        ...(own.value === undefined ? {} : { pause: own.value }),
        ...(cooldown.value === undefined ? {} : { cooldown: cooldown.value }),
      }
    }),
  }
}

function byAge(left: HolderOverview, right: HolderOverview): number {
  if (left.since === right.since) return 0
  if (left.since === undefined) return 1
  if (right.since === undefined) return -1
  return left.since < right.since ? -1 : 1
}
