import { delay, type Cancel, type Clock } from '../calendar/clock.js'
import type { FileFindings, FileProblem } from './file-report.js'

/** What files say: a value, or the problems in their report. */
export interface Reading<T> {
  readonly value: T | undefined
  readonly report: FileFindings
}

/** A reading that has a value. */
export type GoodReading<T> = Reading<T> & { readonly value: T }

/** The same reading, of which the caller knows that it has no problems. */
export function goodReading<T>({ value, report }: Reading<T>): GoodReading<T> {
  if (value === undefined) throw new TypeError('these files have problems')
  return { value, report }
}

/** What a {@link WatchedFiles} needs. */
export interface WatchedFilesOptions<T> {
  readonly clock: Clock
  /** Other files, or other contents, are in force from now on. */
  readonly onChange: (value: T, report: FileFindings) => void
  /** The files have changed for the worse; what was in force stays. Called once for each such content. */
  readonly onRefused: (problems: readonly FileProblem[]) => void
  /** Why a good value must not replace the one in force all the same; that may change with time. */
  readonly refusal?: (next: T, now: T) => FileProblem | undefined
  /** After each look, whether or not anything has changed. */
  readonly onLook?: (value: T) => void
}

/** How often the files are read, in milliseconds. */
const LOOK_INTERVAL_MS = 3000

/** How long a change must stand before it counts, in milliseconds: a renewal writes several files. */
const SETTLE_MS = 500

/**
 * Keeps the value of some files up to date with them. They are read whole each time: they are small, and
 * no file time is fine enough to be relied on.
 *
 * INVARIANTS:
 * - A change counts once two looks in a row have seen the same.
 * - Bad files never replace a good value.
 */
export class WatchedFiles<T> {
  readonly #options: WatchedFilesOptions<T>
  #read: () => Promise<Reading<T>>
  #value: T
  #inForce: string
  #refused: string | undefined
  #cancel: Cancel = () => undefined
  readonly #stopped = new AbortController()

  /** `value` is what `read` has read before, with that report. */
  constructor(
    read: () => Promise<Reading<T>>,
    { value, report }: GoodReading<T>,
    options: WatchedFilesOptions<T>,
  ) {
    this.#options = options
    this.#read = read
    this.#value = value
    this.#inForce = report.fingerprint
  }

  get value(): T {
    return this.#value
  }

  /** Begins to look for changes. */
  start(): void {
    this.#options.onLook?.(this.#value)
    this.#scheduleLook()
  }

  stop(): void {
    this.#cancel()
    this.#stopped.abort()
  }

  /** Watches other files from now on, of which `reading` is the first, good one. */
  replace(read: () => Promise<Reading<T>>, { value, report }: GoodReading<T>): void {
    this.#read = read
    this.#refused = undefined
    const hasChanged = report.fingerprint !== this.#inForce
    this.#value = value
    this.#inForce = report.fingerprint
    if (hasChanged) this.#options.onChange(value, report)
    this.#options.onLook?.(value)
  }

  #scheduleLook(): void {
    this.#cancel = this.#options.clock.schedule(LOOK_INTERVAL_MS, () => {
      void this.#look().finally(() => {
        if (!this.#stopped.signal.aborted) this.#scheduleLook()
      })
    })
  }

  async #look(): Promise<void> {
    const { clock, onLook } = this.#options
    const read = this.#read
    const first = await read()
    const { fingerprint } = first.report
    if (fingerprint === this.#inForce) {
      this.#refused = undefined
    } else if (fingerprint !== this.#refused || first.value !== undefined) {
      await delay(clock, SETTLE_MS, this.#stopped.signal)
      const reading = await read()
      const hasSettled = reading.report.fingerprint === fingerprint
      // Meanwhile the files may have been replaced by others, or the watch may have ended.
      if (hasSettled && read === this.#read && !this.#stopped.signal.aborted) this.#take(reading)
    }
    if (!this.#stopped.signal.aborted) onLook?.(this.#value)
  }

  #take({ value, report }: Reading<T>): void {
    const { onChange, onRefused, refusal } = this.#options
    const problem = value === undefined ? undefined : refusal?.(value, this.#value)
    if (value === undefined || problem !== undefined) {
      const isKnown = report.fingerprint === this.#refused
      this.#refused = report.fingerprint
      if (!isKnown) onRefused(problem === undefined ? report.problems : [problem])
      return
    }
    this.#refused = undefined
    this.#value = value
    this.#inForce = report.fingerprint
    onChange(value, report)
  }
}
