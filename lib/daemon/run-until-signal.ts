/** Exit codes of a process that ends by a signal are 128 and the signal's number. */
const SIGNAL_EXIT_CODES = { SIGTERM: 143, SIGINT: 130 } as const

/** What signals do to a process: SIGHUP reloads, SIGTERM and SIGINT stop. */
export interface SignalActions {
  readonly start: () => Promise<void>
  readonly reload: () => Promise<void>
  readonly stop: (signal: string) => Promise<void>
}

/**
 * Starts, and resolves once a signal has stopped what was started. Signals count from the beginning:
 * one that comes during the start is obeyed right after it.
 *
 * @throws what `start` or `stop` throws
 */
export async function runUntilSignal({ start, reload, stop }: SignalActions): Promise<void> {
  let work = Promise.resolve()
  let stopping: Promise<void> | undefined
  let onStopping: () => void = () => undefined
  const stopRequested = new Promise<void>((resolve) => (onStopping = resolve))
  const onReload = (): void => {
    if (stopping === undefined) work = work.then(reload)
  }
  const onStop = (signal: keyof typeof SIGNAL_EXIT_CODES): void => {
    if (stopping !== undefined) process.exit(SIGNAL_EXIT_CODES[signal])
    stopping = work.then(() => stop(signal))
    // Awaited below; a start that fails ends the wait earlier.
    stopping.catch(() => undefined)
    onStopping()
  }
  process.on('SIGTERM', onStop)
  process.on('SIGINT', onStop)
  process.on('SIGHUP', onReload)
  try {
    work = start()
    await work
    await stopRequested
    await stopping
  } finally {
    process.off('SIGTERM', onStop)
    process.off('SIGINT', onStop)
    process.off('SIGHUP', onReload)
  }
}
