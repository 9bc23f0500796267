import type { Cancel, Clock } from '../calendar/clock.js'
import { sweepOrphans } from '../checker/orphan-sweeper.js'
import type { Store } from '../store/store.js'
import type { Events } from '../telemetry/events.js'

/** How often the records of former holders are looked for, in milliseconds; nobody waits for it. */
const SWEEP_INTERVAL_MS = 5 * 60 * 1000

/** What the sweeps need. */
export interface OrphanSweepsOptions {
  readonly store: Store
  readonly clock: Clock
  readonly events: Events
  readonly timeoutMs: number
  /** The configured groups at the time of a sweep. */
  readonly groups: () => readonly { readonly name: string }[]
}

/** Sweeps the records of former holders out of all groups, again and again from `start` to `stop`. */
export class OrphanSweeps {
  readonly #options: OrphanSweepsOptions
  #cancel: Cancel = () => undefined
  #isStopped = false

  constructor(options: OrphanSweepsOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#isStopped) return
    this.#cancel = this.#options.clock.schedule(SWEEP_INTERVAL_MS, () => {
      void this.#sweep().then(() => this.start())
    })
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }

  async #sweep(): Promise<void> {
    const { store, events, timeoutMs, groups } = this.#options
    try {
      for (const { name } of groups()) {
        if (this.#isStopped) return
        await sweepOrphans(store, name, events, timeoutMs)
      }
    } catch (error) {
      events.checkFailed(error instanceof Error ? error.message : String(error))
    }
  }
}
