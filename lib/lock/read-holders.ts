import type { Store } from '../store/store.js'
import { parseHolder } from './change.js'
import { holderKey, HOLDERS_PREFIX } from './keys.js'
import { GROUPS_SELECTORS, readGroups } from './store-poller.js'

/** A slot that a node holds, as one snapshot has it. */
export interface Hold {
  readonly group: string
  readonly id: string
  /** Since when, in milliseconds since the epoch by the clock of who granted; undefined if unknown. */
  readonly since: number | undefined
  /** Of the holder's record; 0 where there is none. It changes with every new hold. */
  readonly revision: number
  /** Of the group's semaphore in the same snapshot. */
  readonly semaphoreRevision: number
}

/**
 * Reads who holds a slot, group by group. A group whose document is no semaphore is left out.
 *
 * @throws StoreError `unavailable`
 */
export async function readHolders(
  store: Store,
  timeoutMs: number,
): Promise<ReadonlyMap<string, readonly Hold[]>> {
  const selectors = [...GROUPS_SELECTORS, { prefix: HOLDERS_PREFIX }]
  const snapshot = await store.read(selectors, timeoutMs)
  const records = new Map(snapshot.entries.map((entry) => [entry.key, entry]))
  const holds = new Map<string, readonly Hold[]>()
  for (const [group, state] of readGroups(snapshot).groups) {
    if ('problem' in state) continue
    const { value, revision: semaphoreRevision } = state.semaphore
    const list = (value?.holders ?? []).map((id): Hold => {
      const entry = records.get(holderKey(group, id))
      const since = Date.parse(parseHolder(entry?.value ?? '')?.since ?? '')
      const revision = entry?.revision ?? 0
      const isKnown = Number.isFinite(since)
      return { group, id, since: isKnown ? since : undefined, revision, semaphoreRevision }
    })
    holds.set(group, list)
  }
  return holds
}
