import { delay, type Clock } from '../calendar/clock.js'
import { StoreError } from '../store/store-error.js'
import type { Snapshot, Store, Transaction } from '../store/store.js'
import { groupSelectors, readGroupState, type GroupState } from './group-state.js'
import { GLOBAL_PAUSE_CHANGES_KEY } from './keys.js'

/** What an edit needs. */
export interface EditOptions {
  readonly store: Store
  readonly clock: Clock
  /** Bound on one edit, with all its attempts. */
  readonly timeoutMs: number
}

/** An edit that could not be made, or may have been; the message is a sentence for the operator. */
export class EditError extends Error {
  override readonly name = 'EditError'
}

/** Pause in milliseconds before an edit is tried again, its random part against another editor's. */
const PAUSE_MS = { base: 10, jitter: 40 }

/**
 * Reads a group, and commits what `compose` makes of it, until that succeeds or nothing is to be done.
 *
 * @throws EditError when it could not be done in time, or may have been
 */
export async function editUntilDone(
  group: string,
  { store, clock, timeoutMs }: EditOptions,
  compose: (state: GroupState, snapshot: Snapshot) => Transaction | undefined,
): Promise<void> {
  const end = clock.monotonic() + timeoutMs
  const remainingMs = (): number => Math.max(1, end - clock.monotonic())
  let trouble = 'other writers were faster every time'
  let mayHaveHappened = false
  const failure = (reason: string, cause?: StoreError): EditError =>
    new EditError(mayHaveHappened ? `${reason}; the change may or may not have happened` : reason, {
      cause,
    })
  do {
    try {
      const selectors = [...groupSelectors(group), { key: GLOBAL_PAUSE_CHANGES_KEY }]
      const snapshot = await store.read(selectors, remainingMs())
      const state = readGroupState(snapshot, group)
      if ('problem' in state) throw failure(`${state.key} ${state.problem}; it is left as it is`)
      const transaction = compose(state, snapshot)
      if (transaction === undefined) return
      const { outcome } = await store.commit(transaction, remainingMs())
      if (outcome === 'committed') return
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      if (error.kind === 'unavailable') throw failure(error.message, error)
      mayHaveHappened = true
      trouble = error.message
    }
    await delay(clock, PAUSE_MS.base + Math.random() * PAUSE_MS.jitter)
  } while (clock.monotonic() < end)
  throw failure(trouble)
}
