import { execFile } from 'node:child_process'
import type { Cancel, Clock } from '../calendar/clock.js'

/** What a notifier needs of the process. */
export interface SystemdNotifierOptions {
  /** NOTIFY_SOCKET and WATCHDOG_USEC, as systemd sets them; without the first nothing is sent. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** Called when systemd cannot be told, with a sentence; once. */
  readonly onTrouble: (reason: string) => void
}

/** Longest time that one message may take, in milliseconds; systemd is on the same machine. */
const SEND_TIMEOUT_MS = 5000

/**
 * Tells systemd how the daemon fares (sd_notify(3)): ready, reloading, stopping, and alive for its
 * watchdog. Node.js has no datagram Unix sockets, so the program `systemd-notify` speaks; the unit
 * needs `NotifyAccess=all` for that.
 *
 * INVARIANTS: messages are sent one after the other, in order; after `stopping` the watchdog is not
 * told any more that all is well.
 */
export class SystemdNotifier {
  readonly #options: SystemdNotifierOptions
  #sending: Promise<void> = Promise.resolve()
  #cancelWatchdog: Cancel = () => undefined
  #isInTrouble = false

  constructor(options: SystemdNotifierOptions) {
    this.#options = options
  }

  /** The start, or a reload, is done; begins to tell the watchdog, where there is one. */
  ready(): Promise<void> {
    const sent = this.#send('READY=1')
    this.#cancelWatchdog()
    this.#scheduleWatchdog()
    return sent
  }

  /** A reload begins; {@link ready} ends it. */
  reloading(): Promise<void> {
    const microseconds = Math.round(this.#options.clock.monotonic() * 1000)
    return this.#send('RELOADING=1', `MONOTONIC_USEC=${microseconds}`)
  }

  /** The stop begins. */
  stopping(): Promise<void> {
    this.#cancelWatchdog()
    return this.#send('STOPPING=1')
  }

  /** Half of what systemd allows, as it advises. */
  #scheduleWatchdog(): void {
    const { environment, clock } = this.#options
    const microseconds = Number(environment['WATCHDOG_USEC'])
    if (!Number.isSafeInteger(microseconds) || microseconds <= 0) return
    this.#cancelWatchdog = clock.schedule(microseconds / 1000 / 2, () => {
      void this.#send('WATCHDOG=1')
      this.#scheduleWatchdog()
    })
  }

  #send(...variables: readonly string[]): Promise<void> {
    const { environment } = this.#options
    const socket = environment['NOTIFY_SOCKET']
    if (socket === undefined || socket === '') return Promise.resolve()
    const env = { PATH: environment['PATH'], NOTIFY_SOCKET: socket }
    this.#sending = this.#sending.then(
      () =>
        new Promise((resolve) => {
          const options = { env, timeout: SEND_TIMEOUT_MS }
          execFile('systemd-notify', [...variables], options, (error) => {
            if (error !== null) this.#noteTrouble(error)
            resolve()
          })
        }),
    )
    return this.#sending
  }

  #noteTrouble(error: Error): void {
    if (this.#isInTrouble) return
    this.#isInTrouble = true
    this.#options.onTrouble(`systemd-notify failed: ${error.message.trim()}`)
  }
}
