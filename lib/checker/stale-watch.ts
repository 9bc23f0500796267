import type { Cancel, Clock } from '../calendar/clock.js'
import { readHolders } from '../lock/read-holders.js'
import { releaseStale } from '../lock/stale-release.js'
import type { Store } from '../store/store.js'
import type { Events } from '../telemetry/events.js'
import {
  StaleChecker,
  type GroupJudgement,
  type HoldAge,
  type HoldToJudge,
  type JudgedHold,
  type StaleRules,
} from './stale-checker.js'

/** A group's rules, and what its releases bring about. */
export interface StaleSettings extends StaleRules {
  readonly cooldownSeconds: number
}

/** What a watch over holders needs. */
export interface StaleWatchOptions {
  readonly store: Store
  readonly clock: Clock
  readonly events: Events
  readonly timeoutMs: number
  /** This daemon as `user@host`. */
  readonly by: string
  /** Whether a group may release a stale holder now, or why not; asked before each release. */
  readonly mayRelease: (group: string) => Promise<true | string>
  /** Hears of each holder when it becomes stale. */
  readonly onStale: (judged: JudgedHold) => void
  /** Hears of each release that may have happened, or may yet happen. */
  readonly onUncertain: (group: string, reason: string) => void
}

/**
 * How often the holders are looked at, in milliseconds: staleness counts in minutes, and the look is one
 * read of all records.
 */
const LOOK_INTERVAL_MS = 60_000

/** How soon a failed look is made again, in milliseconds. */
const RETRY_INTERVAL_MS = 5000

/** Releases at one look over all groups: a flood of them is no accident of single machines. */
const MAX_RELEASES_PER_LOOK = 10

/**
 * Looks at all holders again and again: reports those that are stale, and releases them where a group
 * says so.
 *
 * INVARIANTS: at most one look is under way; after `stop` nothing is read, reported or released.
 */
export class StaleWatch {
  readonly #options: StaleWatchOptions
  readonly #checker: StaleChecker
  /** The last reason why a hold that is due was not released, each told once. */
  #reasons = new Map<string, string>()
  #settings: readonly StaleSettings[]
  #cancel: Cancel = () => undefined
  #isStopped = false
  #underway: Promise<void> | undefined

  constructor(settings: readonly StaleSettings[], options: StaleWatchOptions) {
    this.#settings = settings
    this.#options = options
    this.#checker = new StaleChecker(settings, options.clock)
  }

  /** Begins with a look at once. */
  start(): void {
    this.#schedule(0)
  }

  /** Puts other rules in force, from the next look on, which comes at once. */
  configure(settings: readonly StaleSettings[]): void {
    this.#settings = settings
    this.#checker.configure(settings)
    this.#options.events.staleGroupsConfigured()
    if (this.#underway === undefined) this.#schedule(0)
  }

  /** How a hold stands by what has been seen of it until now; nothing is read for it. */
  ageOf(hold: HoldToJudge): HoldAge {
    return this.#checker.ageOf(hold)
  }

  /** Resolves when no look is under way any more. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel()
    await this.#underway
  }

  #schedule(delayMs: number): void {
    this.#cancel()
    if (this.#isStopped) return
    this.#cancel = this.#options.clock.schedule(delayMs, () => {
      this.#underway = this.#look().then((nextMs) => {
        this.#underway = undefined
        this.#schedule(nextMs)
      })
    })
  }

  async #look(): Promise<number> {
    const { store, timeoutMs, events } = this.#options
    try {
      const judgements = this.#checker.judge(await readHolders(store, timeoutMs))
      if (this.#isStopped) return LOOK_INTERVAL_MS
      for (const judgement of judgements) this.#report(judgement)
      await this.#releaseAll(judgements)
      return LOOK_INTERVAL_MS
    } catch (error) {
      events.checkFailed(reasonOf(error))
      return RETRY_INTERVAL_MS
    }
  }

  #report({ group, oldestMs, stale, newlyStale }: GroupJudgement): void {
    const { events, onStale } = this.#options
    events.holdersObserved(group, { oldestSeconds: oldestMs / 1000, stale: stale.length })
    for (const judged of newlyStale) {
      const { id, since } = judged.hold
      events.holderStale({ group, id, since, heldForSeconds: judged.heldForMs / 1000 })
      onStale(judged)
    }
  }

  async #releaseAll(judgements: readonly GroupJudgement[]): Promise<void> {
    const due = judgements.flatMap(({ toRelease }) => toRelease)
    const reasons = new Map<string, string>()
    const released = new Set<string>()
    for (const judged of due) {
      if (this.#isStopped) return
      const { group } = judged.hold
      const name = `${group}/${judged.hold.id}`
      // One release changes the semaphore that the group's others were judged by: they come next time.
      if (released.has(group) || released.size >= MAX_RELEASES_PER_LOOK) continue
      const reason = await this.#release(judged)
      if (reason === undefined) released.add(group)
      else reasons.set(name, reason)
      if (reason !== undefined && this.#reasons.get(name) !== reason) {
        this.#options.events.staleNotReleased(group, judged.hold.id, reason)
      }
    }
    this.#reasons = reasons
  }

  /** Why it was not released; undefined if it was. */
  async #release({ hold, heldForMs }: JudgedHold): Promise<string | undefined> {
    const { store, timeoutMs, clock, events, by, mayRelease } = this.#options
    const { group, id } = hold
    const may = await mayRelease(group)
    if (may !== true) return may
    // The gates may have taken their time, and a reload may have come.
    const settings = this.#settings.find(({ name }) => name === group)
    if (settings?.staleRelease === undefined || this.#isStopped) return 'it is no longer to be'
    const { atMostPerDay } = settings.staleRelease
    const { cooldownSeconds } = settings
    const now = clock.now()
    const result = await releaseStale(hold, {
      store,
      timeoutMs,
      atMostPerDay,
      cooldownSeconds,
      now,
      by: `${by} (stale)`,
    })
    if (result.outcome === 'changed') return 'the group changed meanwhile; it is judged again'
    if (result.outcome === 'quota') {
      const { count } = result
      return Number.isFinite(count)
        ? `${count} have been released today already`
        : 'it cannot be read how many have been released today'
    }
    const released = { group, id, since: hold.since, heldForSeconds: heldForMs / 1000 }
    if (result.outcome === 'uncertain') {
      this.#options.onUncertain(group, result.reason)
      events.staleReleaseUncertain(released, result.reason)
    } else events.staleReleased(released)
    return undefined
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
