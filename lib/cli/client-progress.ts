import type { NotDone } from '../client/answer.js'
import { formatDuration } from '../terminal/format-duration.js'
import { say } from './client-options.js'

/** A server that has not answered by then may let the request wait for a slot. */
const QUIET_MS = 2000

/** What a person sees of a wait, on stderr: a line whenever the reason changes, and how long it took. */
export class WaitProgress {
  readonly #began = performance.now()
  readonly #retryInterval: string
  readonly #quietTimer: NodeJS.Timeout
  #hasSpoken = false

  /** @param server the server's URL, as it may be shown */
  constructor(server: string, retryIntervalMs: number) {
    this.#retryInterval = roundDuration(retryIntervalMs)
    this.#quietTimer = setTimeout(() => {
      this.#hasSpoken = true
      say(`waiting for ${server} to answer`)
    }, QUIET_MS)
  }

  /** Tells of an answer, after which it is asked again. */
  notYet({ kind, value }: NotDone): void {
    const isFirst = !this.#hasSpoken
    this.end()
    this.#hasSpoken = true
    say(`${kind}: ${value}${isFirst ? `; asking again, every ${this.#retryInterval}` : ''}`)
  }

  /** Tells that it was done, where somebody has been told to wait. */
  done(what: string): void {
    this.end()
    if (this.#hasSpoken) say(`${what} after ${formatDuration(performance.now() - this.#began)}`)
  }

  /** Says nothing more by itself. */
  end(): void {
    clearTimeout(this.#quietTimer)
  }
}

/** A duration without a smaller unit that is 0: `5m`, not `5m 0s`. */
export function roundDuration(milliseconds: number): string {
  return formatDuration(milliseconds).replace(/ 0[smh]$/, '')
}
