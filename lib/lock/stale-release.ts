import { printSemaphore } from '../semaphore/semaphore-document.js'
import { isHolder, unlockIfHeld, type Semaphore } from '../semaphore/semaphore.js'
import { StoreError } from '../store/store-error.js'
import type { Store, Transaction } from '../store/store.js'
import type { ChangeRecord } from './change.js'
import { cooldownPuts } from './cooldown.js'
import { groupSelectors, readGroupState, type GroupState, type Seen } from './group-state.js'
import { eventKey, holderKey, semaphoreKey, staleReleasesKey } from './keys.js'
import type { Hold } from './read-holders.js'

/** What a group allows, and who releases. */
export interface StaleReleaseOptions {
  readonly store: Store
  readonly timeoutMs: number
  readonly atMostPerDay: number
  /** Seconds for which the group grants nothing after a release; 0: it grants at once. */
  readonly cooldownSeconds: number
  /** Milliseconds since the epoch; the day of the quota is that of UTC. */
  readonly now: number
  /** `user@host`. */
  readonly by: string
}

/**
 * - `changed`: the group, or the hold, is no longer what was judged; nothing was done.
 * - `quota`: so many have been released today already; nothing was done.
 */
export type StaleReleaseOutcome =
  | { readonly outcome: 'released'; readonly revision: number }
  | { readonly outcome: 'changed' }
  | { readonly outcome: 'quota'; readonly count: number }
  /** It may have happened, or may yet happen: the group's lane has to fence it. */
  | { readonly outcome: 'uncertain'; readonly reason: string }

interface Quota {
  readonly day: string
  readonly count: number
}

/**
 * Takes a slot from a node that has held it for too long. The commit compares the semaphore and the
 * holder's record at the revisions that were judged, and the day's quota: of several replicas that
 * judge alike one succeeds.
 *
 * @throws StoreError `unavailable`
 */
export async function releaseStale(
  hold: Hold,
  options: StaleReleaseOptions,
): Promise<StaleReleaseOutcome> {
  const { group, id } = hold
  // Nobody knows since when it holds, or whether it is the hold that was seen.
  if (hold.revision === 0) return { outcome: 'changed' }
  const { store, timeoutMs, atMostPerDay, now } = options
  const keys = [{ key: holderKey(group, id) }, { key: staleReleasesKey(group) }]
  const snapshot = await store.read([...groupSelectors(group), ...keys], timeoutMs)
  const state = readGroupState(snapshot, group)
  if ('problem' in state) return { outcome: 'changed' }
  const semaphore = state.semaphore.value
  const record = snapshot.entries.find(({ key }) => key === holderKey(group, id))
  const isAsJudged =
    state.semaphore.revision === hold.semaphoreRevision && record?.revision === hold.revision
  if (!isAsJudged || semaphore === undefined || !isHolder(semaphore, id)) {
    return { outcome: 'changed' }
  }
  const stored = snapshot.entries.find(({ key }) => key === staleReleasesKey(group))
  const quota = stored === undefined ? undefined : parseQuota(stored.value)
  const day = new Date(now).toISOString().slice(0, 10)
  // A replica whose clock is ahead has begun the next day already; what cannot be read allows nothing.
  const isSpent = quota !== undefined && quota.day >= day
  const used = isSpent ? quota : { day, count: 0 }
  if (used.count >= atMostPerDay) return { outcome: 'quota', count: used.count }
  const next: Seen<Quota> = {
    value: { ...used, count: used.count + 1 },
    revision: stored?.revision ?? 0,
  }
  const transaction = compose(hold, { state, semaphore, quota: next }, options)
  try {
    const result = await store.commit(transaction, timeoutMs)
    if (result.outcome === 'conflict') return { outcome: 'changed' }
    return { outcome: 'released', revision: result.revision }
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== 'unknown') throw error
    return { outcome: 'uncertain', reason: error.message }
  }
}

interface Judged {
  readonly state: GroupState
  readonly semaphore: Semaphore
  readonly quota: Seen<Quota>
}

function compose(
  { group, id, revision, semaphoreRevision }: Hold,
  { state, semaphore, quota }: Judged,
  { now, by, cooldownSeconds }: StaleReleaseOptions,
): Transaction {
  const at = new Date(now).toISOString()
  const record: ChangeRecord = { at, by, changes: [{ type: 'stale-released', id }] }
  return {
    unchanged: [
      { key: semaphoreKey(group), revision: semaphoreRevision },
      { key: holderKey(group, id), revision },
      { key: staleReleasesKey(group), revision: quota.revision },
    ],
    puts: [
      {
        key: semaphoreKey(group),
        value: printSemaphore(unlockIfHeld(semaphore, id).semaphore),
      },
      { key: staleReleasesKey(group), value: JSON.stringify(quota.value) },
      { key: eventKey(group, state.version + 1), value: JSON.stringify(record) },
      ...cooldownPuts(group, cooldownSeconds, at),
    ],
    deletes: [holderKey(group, id)],
  }
}

const UNREADABLE: Quota = { day: '9999-12-31', count: Infinity }

function parseQuota(text: string): Quota {
  try {
    const { day, count } = JSON.parse(text) as Partial<Record<keyof Quota, unknown>>
    const isQuota = typeof day === 'string' && Number.isSafeInteger(count)
    return isQuota ? { day, count: count as number } : UNREADABLE
  } catch {
    return UNREADABLE
  }
}
