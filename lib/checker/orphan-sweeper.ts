import { isHolder } from '../semaphore/semaphore.js'
import { readGroupState } from '../lock/group-state.js'
import { holdersPrefix, queryUnescape, semaphoreKey } from '../lock/keys.js'
import type { Store } from '../store/store.js'
import type { Events } from '../telemetry/events.js'

/** Most records removed at once: etcd allows 128 operations in a transaction. */
const MAX_REMOVED = 100

/**
 * Removes the records of holders that hold no slot any more: a coreos/airlock on the same etcd, or a
 * hand, has changed the semaphore alone. It compares the semaphore's revision, so that the record of a
 * node that is granted meanwhile stays.
 *
 * @throws StoreError when the store cannot be used; the next sweep does it then
 */
export async function sweepOrphans(
  store: Store,
  group: string,
  events: Events,
  timeoutMs: number,
): Promise<void> {
  const prefix = holdersPrefix(group)
  const snapshot = await store.read([{ key: semaphoreKey(group) }, { prefix }], timeoutMs)
  const state = readGroupState(snapshot, group)
  if ('problem' in state) return
  const { value: semaphore, revision } = state.semaphore
  const orphans = snapshot.entries
    .filter(({ key }) => key.startsWith(prefix))
    .map(({ key }) => ({ key, id: queryUnescape(key.slice(prefix.length)) ?? '' }))
    .filter(({ id }) => semaphore === undefined || !isHolder(semaphore, id))
    .slice(0, MAX_REMOVED)
  if (orphans.length === 0) return
  const result = await store.commit(
    {
      unchanged: [{ key: semaphoreKey(group), revision }],
      puts: [],
      deletes: orphans.map(({ key }) => key),
    },
    timeoutMs,
  )
  if (result.outcome === 'committed') {
    events.orphansRemoved(
      group,
      orphans.map(({ id }) => id),
    )
  }
}
