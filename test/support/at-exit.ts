import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const actions = new Set<() => void>()

/**
 * Runs a synchronous action when this process ends, by itself or by a signal, so that no failed or
 * interrupted run leaves a server or a folder behind. Returns what takes the action back.
 */
export function atExit(action: () => void): () => void {
  if (actions.size === 0) {
    listen()
  }
  actions.add(action)
  return () => {
    if (actions.delete(action) && actions.size === 0) {
      unlisten()
    }
  }
}

function listen(): void {
  process.on('exit', runAll)
  for (const signal of SIGNALS) {
    process.on(signal, onSignal)
  }
}

function unlisten(): void {
  process.off('exit', runAll)
  for (const signal of SIGNALS) {
    process.off(signal, onSignal)
  }
}

function runAll(): void {
  // The newest first: a server is ended before the folder is removed that was made for it.
  for (const action of [...actions].reverse()) {
    try {
      action()
    } catch (error) {
      console.error('while cleaning up after the tests:', error)
    }
  }
}

function onSignal(signal: (typeof SIGNALS)[number]): void {
  runAll()
  // Whoever else listens (mocha to SIGINT) ends the process in its own way.
  if (process.listenerCount(signal) === 1) {
    process.exit(128 + constants.signals[signal])
  }
}
