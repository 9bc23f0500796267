import { readFileSync } from 'node:fs'
import { isatty } from 'node:tty'

/** Signals by which people and init systems ask a process for something. */
const PASSED_ON = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const

/** A signal that a run takes for its command. */
export type PassedOnSignal = (typeof PASSED_ON)[number]

/** Takes these signals, in place of what they do by default, until the returned function is called. */
export function onSignals(listener: (signal: PassedOnSignal) => void): () => void {
  for (const signal of PASSED_ON) process.on(signal, listener)
  return () => {
    for (const signal of PASSED_ON) process.off(signal, listener)
  }
}

/**
 * Whether the command gets this signal without our help: the terminal sends the signals of its keys to
 * all of its foreground group, and many programs take a second Ctrl-C for "at once".
 */
export function reachesCommandItself(signal: PassedOnSignal): boolean {
  return (signal === 'SIGINT' || signal === 'SIGQUIT') && isInForeground()
}

function isInForeground(): boolean {
  try {
    // proc_pid_stat(5): after the name in parentheses come state, ppid, pgrp, session, tty_nr, tpgid.
    const [, rest = ''] = /\) (.*)/.exec(readFileSync('/proc/self/stat', 'utf8')) ?? []
    const [, , processGroup, , , foregroundGroup] = rest.split(' ')
    return processGroup !== undefined && processGroup === foregroundGroup
  } catch {
    return isatty(0)
  }
}
