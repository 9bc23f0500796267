import type { Cancel, Clock } from '../calendar/clock.js'
import type { GroupsSnapshot } from '../lock/store-poller.js'
import type { Store } from '../store/store.js'
import { CATCH_UP_INTERVAL_MS, FRESH_FOR_MS, LOOK_INTERVAL_MS, TELL_AFTER_MS } from './bounds.js'
import { composeReport } from './compose-report.js'
import { fingerprintOf } from './groups-fingerprint.js'
import type { Replica, StatusSettings } from './replica.js'
import { SharedAnswer } from './shared-answer.js'
import type { StatusReport } from './status-report.js'
import type { StatusSource } from './status-source.js'
import { StoreView } from './store-view.js'

/** What a live status needs. */
export interface LiveStatusOptions {
  readonly store: Store
  readonly clock: Clock
  /** Hard bound in milliseconds on how long a request waits for the store. */
  readonly timeoutMs: number
  readonly replica: Replica
  /** Has the store polled attentively until the returned function is called. */
  readonly watchStore: () => Cancel
}

/**
 * The status of a daemon that runs: put together when somebody asks, from the store and from what this
 * replica knows by itself.
 *
 * INVARIANTS:
 * - Whoever reads after a call of `onChange` reads what has changed, or is called once more.
 * - The store is polled attentively exactly while somebody watches.
 * - From `start` on, what polls and commits bring is looked at even if nobody asks: who comes after the
 *   store is gone is shown what was there.
 * - After `stop` nobody is called, and no timer is left.
 */
export class LiveStatus implements StatusSource {
  readonly #options: LiveStatusOptions
  readonly #view: StoreView
  readonly #answer: SharedAnswer<StatusReport>
  readonly #watchers = new Set<() => void>()
  #settings: StatusSettings
  #stopPolling: Cancel = () => undefined
  #cancelLook: Cancel = () => undefined
  #cancelTelling: Cancel | undefined
  #isCatchingUp = false
  #cancelCatchUp: Cancel | undefined
  /** When that was begun last; monotonic. */
  #caughtUpAt = -Infinity
  /** What polls have seen of the groups; undefined while the store cannot be reached. */
  #groups: string | undefined
  /** Of the last report, what changes without anybody saying so. */
  #silent: string | undefined

  constructor(settings: StatusSettings, options: LiveStatusOptions) {
    this.#options = options
    this.#settings = settings
    this.#view = new StoreView(options)
    this.#answer = new SharedAnswer({
      clock: options.clock,
      freshForMs: FRESH_FOR_MS,
      make: () => this.#make(),
    })
  }

  /** Begins to look by itself, which costs one read where the groups have changed. */
  start(): void {
    this.#isCatchingUp = true
  }

  /** Puts other settings in force, at a reload. */
  configure(settings: StatusSettings): void {
    this.#settings = settings
    this.noteChange()
  }

  read(): Promise<StatusReport> {
    return this.#answer.get()
  }

  watch(onChange: () => void): Cancel {
    // A function of its own, so that the same callback may watch twice.
    const watcher = (): void => onChange()
    this.#watchers.add(watcher)
    if (this.#watchers.size === 1) {
      this.#stopPolling = this.#options.watchStore()
      this.#scheduleLook()
    }
    return () => {
      this.#watchers.delete(watcher)
      if (this.#watchers.size === 0) this.#rest()
    }
  }

  /** A poll has seen the store. */
  observe(snapshot: GroupsSnapshot): void {
    const groups = fingerprintOf(snapshot)
    if (!this.#view.confirm(groups)) this.#catchUpSoon()
    if (groups === this.#groups) return
    this.#groups = groups
    this.noteStoreChange()
  }

  /** A poll has failed. */
  storeFailed(error: unknown): void {
    this.#view.noteFailure(error)
    if (this.#groups === undefined) return
    this.#groups = undefined
    this.#view.outdate()
    this.noteChange()
  }

  /** The store is no longer as it was. */
  noteStoreChange(): void {
    this.#view.outdate()
    this.noteChange()
    this.#catchUpSoon()
  }

  /** Something that this replica knows by itself is no longer as it was. */
  noteChange(): void {
    this.#answer.outdate()
    this.#tellSoon()
  }

  stop(): void {
    this.#isCatchingUp = false
    this.#cancelCatchUp?.()
    this.#watchers.clear()
    this.#rest()
  }

  async #make(): Promise<StatusReport> {
    const { store, clock, replica } = this.#options
    const report = composeReport({
      sight: await this.#view.look(),
      now: clock.now(),
      description: store.description,
      settings: this.#settings,
      replica,
    })
    const silent = silentPartOf(report)
    const isNews = silent !== this.#silent
    this.#silent = silent
    // A change came meanwhile: who has been told of it may have got this answer.
    if (isNews || this.#answer.isOutdated) this.#tellSoon()
    return report
  }

  /** Not at once: what is read then must not be an answer from before the change. */
  #tellSoon(): void {
    if (this.#watchers.size === 0) return
    this.#cancelTelling ??= this.#options.clock.schedule(TELL_AFTER_MS, () => {
      this.#cancelTelling = undefined
      for (const watcher of this.#watchers) watcher()
    })
  }

  #catchUpSoon(): void {
    if (!this.#isCatchingUp || this.#cancelCatchUp !== undefined) return
    const { clock } = this.#options
    const restMs = this.#caughtUpAt + CATCH_UP_INTERVAL_MS - clock.monotonic()
    this.#cancelCatchUp = clock.schedule(Math.max(TELL_AFTER_MS, restMs), () => {
      this.#cancelCatchUp = undefined
      this.#caughtUpAt = clock.monotonic()
      void this.#view.catchUp()
    })
  }

  /** A report finds out by itself what nobody tells: endpoints, windows and holders that grow old. */
  #scheduleLook(): void {
    this.#cancelLook = this.#options.clock.schedule(LOOK_INTERVAL_MS, () => {
      this.#scheduleLook()
      void this.read()
    })
  }

  #rest(): void {
    this.#stopPolling()
    this.#stopPolling = () => undefined
    this.#cancelLook()
    this.#cancelTelling?.()
    this.#cancelTelling = undefined
  }
}

function silentPartOf({ store, groups }: StatusReport): string {
  const endpoints = store.endpoints.map(({ answers }) => answers)
  const states = groups.map(({ stale, calendar }) => [stale, calendar?.open, calendar?.blackout])
  return JSON.stringify([store.reachable, endpoints, states])
}
