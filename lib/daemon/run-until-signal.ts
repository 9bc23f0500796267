import type { Daemon } from './daemon.js'

/** Exit codes of a process that ends by a signal are 128 and the signal's number. */
const SIGNAL_EXIT_CODES = { SIGTERM: 143, SIGINT: 130 } as const

/** Resolves when a started daemon was told to stop, and has; a second signal ends the process at once. */
export function runUntilSignal(daemon: Daemon): Promise<void> {
  return new Promise((resolve, reject) => {
    let isStopping = false
    const onSignal = (signal: keyof typeof SIGNAL_EXIT_CODES): void => {
      if (isStopping) process.exit(SIGNAL_EXIT_CODES[signal])
      isStopping = true
      daemon
        .stop(signal)
        .then(resolve, reject)
        .finally(() => {
          process.off('SIGTERM', onSignal)
          process.off('SIGINT', onSignal)
        })
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}
