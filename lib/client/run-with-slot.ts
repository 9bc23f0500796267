import { PRE_REBOOT_PATH, STEADY_STATE_PATH } from '../fleetlock/protocol.js'
import type { Answer, NotDone } from './answer.js'
import { keepAsking, type Pace } from './keep-asking.js'
import { takeLocalLock } from './local-lock.js'
import { releaseSlot } from './release-slot.js'
import { exitCodeOf, runCommand, type RunningCommand } from './run-command.js'
import { sendRequest, type Caller, type RequestLimits } from './send-request.js'
import { onSignals, reachesCommandItself, type PassedOnSignal } from './signals.js'

/** What to run, under whose slot. */
export interface Run extends Pace {
  readonly caller: Caller
  readonly command: readonly string[]
  readonly onNotYet: (answer: NotDone) => void
  readonly onGranted: () => void
  /** Prints a line for people. */
  readonly say: (line: string) => void
  /** The command line that gives the slot back by hand. */
  readonly releaseByHand: string
}

/** How a run ended. */
export type RunResult =
  /** The command did not run. */
  | { readonly ended: 'not-granted'; readonly answer: NotDone }
  | { readonly ended: 'interrupted'; readonly exitCode: number }
  /** It ran, or could not be started; `exitCode` is a shell's for what happened. */
  | { readonly ended: 'command'; readonly exitCode: number; readonly isReleased: boolean }

/** The answer of this machine itself. */
const BUSY_HERE: NotDone = {
  outcome: 'refused',
  kind: 'busy_here',
  value: 'another `airlock client run` on this machine uses this slot',
  mayBeDone: false,
}

/**
 * Takes a slot, runs the command, gives the slot back.
 *
 * INVARIANTS:
 * - From the first request on, no way out leaves a slot that this run took without a release or a line
 *   that says how to release it; SIGKILL and a crash of the machine excepted.
 * - Nothing is released after a clear refusal: then this run took nothing.
 * - The command runs only between the grant and the release.
 */
export async function runWithSlot(run: Run): Promise<RunResult> {
  const interruption = new AbortController()
  let received: PassedOnSignal | undefined
  let running: RunningCommand | undefined
  const stopListening = onSignals((signal) => {
    if (running === undefined) {
      received ??= signal
      interruption.abort()
    } else if (!reachesCommandItself(signal)) running.signal(signal)
  })
  try {
    const began = performance.now()
    const lock = await takeLocalLock(run.caller.identity, {
      waitMs: run.waitMs,
      onBusy: () => run.onNotYet(BUSY_HERE),
      signal: interruption.signal,
    })
    if (lock === undefined) {
      return interruptedBy(received) ?? { ended: 'not-granted', answer: BUSY_HERE }
    }
    try {
      // What is left of a wait is still one, for one request at least.
      const waitMs = run.waitMs === 0 ? 0 : Math.max(1, run.waitMs - (performance.now() - began))
      const answer = await acquire(run, waitMs, interruption.signal)
      if (answer.outcome !== 'done') {
        if (answer.mayBeDone) await undo(run)
        return interruptedBy(received) ?? { ended: 'not-granted', answer }
      }
      const interrupted = interruptedBy(received)
      if (interrupted !== undefined) {
        await release(run, interruption.signal)
        return interrupted
      }
      run.onGranted()
      running = runCommand(run.command)
      const { exitCode, problem } = await running.ended
      if (problem !== undefined) run.say(`${run.command[0] ?? ''}: ${problem}`)
      // From here on a signal ends the tries to release.
      running = undefined
      const isReleased = await release(run, interruption.signal)
      return { ended: 'command', exitCode, isReleased }
    } finally {
      lock.release()
    }
  } finally {
    stopListening()
  }
}

function acquire(run: Run, waitMs: number, signal: AbortSignal): Promise<Answer> {
  const { caller, retryIntervalMs, timeoutMs, onNotYet } = run
  const send = (limits: RequestLimits): Promise<Answer> =>
    sendRequest(caller, PRE_REBOOT_PATH, limits)
  return keepAsking({ waitMs, retryIntervalMs, timeoutMs, send, onNotYet, signal })
}

async function release(run: Run, signal: AbortSignal): Promise<boolean> {
  const { caller, retryIntervalMs, say, releaseByHand } = run
  const isReleased = await releaseSlot({
    send: (limits) => sendRequest(caller, STEADY_STATE_PATH, limits),
    say,
    longestPauseMs: retryIntervalMs,
    signal,
  })
  if (!isReleased) say(`the slot is still held; release it with: ${releaseByHand}`)
  return isReleased
}

/** Releases once where the slot may have been granted without our knowing; most often it was not. */
async function undo(run: Run): Promise<void> {
  const isReleased = await releaseSlot({
    send: (limits) => sendRequest(run.caller, STEADY_STATE_PATH, limits),
    say: () => undefined,
    longestPauseMs: 0,
    signal: AbortSignal.abort(),
  })
  if (isReleased) return
  run.say(`the slot may be held all the same; to be sure, release it with: ${run.releaseByHand}`)
}

function interruptedBy(signal: PassedOnSignal | undefined): RunResult | undefined {
  return signal && { ended: 'interrupted', exitCode: exitCodeOf(signal) }
}
