import { printSemaphore } from '../semaphore/semaphore-document.js'
import { setTotalSlots, unlockIfHeld, type Semaphore } from '../semaphore/semaphore.js'
import type { Guard, Put } from '../store/store.js'
import { MAX_CHANGED_IDS } from './batch.js'
import type { Change, ChangeRecord, PauseRecord } from './change.js'
import { cooldownPuts } from './cooldown.js'
import { editUntilDone, type EditOptions } from './edit-until-done.js'
import type { GroupState } from './group-state.js'
import {
  ALL_GROUPS,
  eventKey,
  GLOBAL_PAUSE_CHANGES_KEY,
  GLOBAL_PAUSE_KEY,
  holderKey,
  pauseKey,
  semaphoreKey,
} from './keys.js'

/** What an editor needs. */
export interface GroupEditorOptions extends EditOptions {
  /** Who edits, as `user@host`. */
  readonly by: string
}

/** What an edit writes, beside the event. */
interface Edit {
  readonly changes: readonly Change[]
  /** The new semaphore; the stored one is written again without it, so that the event has its place. */
  readonly semaphore?: Semaphore
  readonly unchanged?: readonly Guard[]
  readonly puts?: readonly Put[]
  readonly deletes?: readonly string[]
}

/**
 * Changes groups by an operator's hand: compare-and-swap like everything else, with a record of who and
 * when in the events ring, in the same transaction.
 *
 * INVARIANTS:
 * - An edit is decided from what was read last, so that one whose first attempt ended unknown finds
 *   itself done, or does it again under a later revision.
 * - Once an attempt has ended unknown, no error of that edit leaves the operator thinking that nothing
 *   has happened.
 */
export class GroupEditor {
  readonly #options: GroupEditorOptions

  constructor(options: GroupEditorOptions) {
    this.#options = options
  }

  /** Sets a group's slots; resolves to the number before, or undefined where there was no document. */
  async setSlots(group: string, slots: number): Promise<number | undefined> {
    let before: { readonly slots: number | undefined } | undefined
    await this.#edit(group, ({ semaphore }) => {
      const from = semaphore.value?.totalSlots
      before ??= { slots: from }
      if (from === slots) return undefined
      return {
        semaphore: setTotalSlots(semaphore.value ?? { totalSlots: slots, holders: [] }, slots),
        changes: [{ type: 'slots-set', from: from ?? null, to: slots }],
      }
    })
    return before?.slots
  }

  /** Frees every slot of a group, which then rests for `cooldownSeconds`; resolves to who held one. */
  async unlockAll(group: string, cooldownSeconds: number): Promise<readonly string[]> {
    const released = new Set<string>()
    let isDone = false as boolean
    while (!isDone) {
      await this.#edit(group, ({ semaphore }) => {
        const ids = semaphore.value?.holders.slice(0, MAX_CHANGED_IDS) ?? []
        isDone = (semaphore.value?.holders.length ?? 0) <= ids.length
        if (semaphore.value === undefined || ids.length === 0) return undefined
        for (const id of ids) released.add(id)
        return {
          semaphore: ids.reduce((left, id) => unlockIfHeld(left, id).semaphore, semaphore.value),
          puts: cooldownPuts(group, cooldownSeconds, this.#now()),
          deletes: ids.map((id) => holderKey(group, id)),
          changes: ids.map((id) => ({ type: 'released', id }) as const),
        }
      })
    }
    return [...released]
  }

  /** Pauses a group; a pause that is there already gets the new reason, and is resolved to. */
  async pause(group: string, reason: string): Promise<PauseRecord | undefined> {
    const record = this.#pauseRecord(reason)
    let before: { readonly pause: PauseRecord | undefined } | undefined
    await this.#edit(group, ({ pause }) => {
      before ??= { pause: pause.value }
      if (isSamePause(pause.value, record)) return undefined
      return {
        unchanged: [{ key: pauseKey(group), revision: pause.revision }],
        puts: [{ key: pauseKey(group), value: JSON.stringify(record) }],
        changes: [{ type: 'paused', reason }],
      }
    })
    return before?.pause
  }

  /** Ends a group's pause; resolves to whether there was one. */
  async resume(group: string): Promise<boolean> {
    let wasPaused = false
    await this.#edit(group, ({ pause }) => {
      if (pause.revision === 0) return undefined
      wasPaused = true
      return {
        unchanged: [{ key: pauseKey(group), revision: pause.revision }],
        deletes: [pauseKey(group)],
        changes: [{ type: 'resumed' }],
      }
    })
    return wasPaused
  }

  /** Pauses all groups at once; likewise. */
  async pauseAll(reason: string): Promise<PauseRecord | undefined> {
    const record = this.#pauseRecord(reason)
    let before: { readonly pause: PauseRecord | undefined } | undefined
    await this.#editGlobal(({ globalPause }) => {
      before ??= { pause: globalPause.value }
      if (isSamePause(globalPause.value, record)) return undefined
      return {
        puts: [{ key: GLOBAL_PAUSE_KEY, value: JSON.stringify(record) }],
        changes: [{ type: 'paused', reason }],
      }
    })
    return before?.pause
  }

  /** Ends the pause of all groups, not that of single ones; resolves to whether there was one. */
  async resumeAll(): Promise<boolean> {
    let wasPaused = false
    await this.#editGlobal(({ globalPause }) => {
      if (globalPause.revision === 0) return undefined
      wasPaused = true
      return { deletes: [GLOBAL_PAUSE_KEY], changes: [{ type: 'resumed' }] }
    })
    return wasPaused
  }

  #pauseRecord(reason: string): PauseRecord {
    return { reason, since: this.#now(), by: this.#options.by }
  }

  #edit(group: string, decide: (state: GroupState) => Edit | undefined): Promise<void> {
    return editUntilDone(group, this.#options, (state) => {
      const edit = decide(state)
      if (edit === undefined) return undefined
      const { semaphore, version } = state
      const document = edit.semaphore ?? semaphore.value
      const key = semaphoreKey(group)
      return {
        unchanged: [{ key, revision: semaphore.revision }, ...(edit.unchanged ?? [])],
        puts: [
          ...(document === undefined ? [] : [{ key, value: printSemaphore(document) }]),
          ...(edit.puts ?? []),
          { key: eventKey(group, version + 1), value: this.#printRecord(edit.changes) },
        ],
        deletes: edit.deletes ?? [],
      }
    })
  }

  /** The pause of all groups has no semaphore whose version could number its events: a key beside it does. */
  #editGlobal(decide: (state: GroupState) => Edit | undefined): Promise<void> {
    return editUntilDone(ALL_GROUPS, this.#options, (state, { entries }) => {
      const edit = decide(state)
      if (edit === undefined) return undefined
      const changes = entries.find(({ key }) => key === GLOBAL_PAUSE_CHANGES_KEY)
      const version = (changes?.version ?? 0) + 1
      return {
        unchanged: [
          { key: GLOBAL_PAUSE_KEY, revision: state.globalPause.revision },
          { key: GLOBAL_PAUSE_CHANGES_KEY, revision: changes?.revision ?? 0 },
        ],
        puts: [
          ...(edit.puts ?? []),
          { key: GLOBAL_PAUSE_CHANGES_KEY, value: String(version) },
          { key: eventKey(ALL_GROUPS, version), value: this.#printRecord(edit.changes) },
        ],
        deletes: edit.deletes ?? [],
      }
    })
  }

  #printRecord(changes: readonly Change[]): string {
    const record: ChangeRecord = { at: this.#now(), by: this.#options.by, changes }
    return JSON.stringify(record)
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString()
  }
}

function isSamePause(stored: PauseRecord | undefined, wanted: PauseRecord): boolean {
  return stored?.reason === wanted.reason && stored.by === wanted.by
}
