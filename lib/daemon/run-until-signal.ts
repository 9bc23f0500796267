import type { Daemon } from './daemon.js'

/** Exit codes of a process that ends by a signal are 128 and the signal's number. */
const SIGNAL_EXIT_CODES = { SIGTERM: 143, SIGINT: 130 } as const

type Signal = keyof typeof SIGNAL_EXIT_CODES

/**
 * Starts a daemon; resolves when it was told to stop, and has. A second signal ends the process at
 * once. Signals are listened for first: whoever is answered can already stop it in order.
 *
 * @throws ListenError when an address cannot be listened on
 */
export async function runUntilSignal(daemon: Daemon): Promise<void> {
  let onSignal: (signal: Signal) => void = () => undefined
  const told = new Promise<Signal>((resolve) => {
    let isTold = false
    onSignal = (signal) => {
      if (isTold) process.exit(SIGNAL_EXIT_CODES[signal])
      isTold = true
      resolve(signal)
    }
  })
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  try {
    await daemon.start()
    await daemon.stop(await told)
  } finally {
    process.off('SIGTERM', onSignal)
    process.off('SIGINT', onSignal)
  }
}
