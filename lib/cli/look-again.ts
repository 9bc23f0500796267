import { delay } from '../calendar/clock.js'
import { StoreError } from '../store/store-error.js'
import { nameFlags } from './name-flags.js'
import type { OperatorContext } from './operator-store.js'

/**
 * Makes of a look at the store one that a command repeats until it is ended: the first has to succeed;
 * when a later one fails, one line says why, and it is tried again until the store answers.
 *
 * @param pauseMs between two tries
 * @param onAnswer told that the store answers again
 */
export function lookAgain<T>(
  look: () => Promise<T>,
  { clock, settings }: OperatorContext,
  pauseMs: number,
  onAnswer: () => void = () => undefined,
): () => Promise<T> {
  let hasSucceeded = false
  return async () => {
    for (let failures = 0; ; failures += 1) {
      try {
        const seen = await look()
        hasSucceeded = true
        if (failures > 0) onAnswer()
        return seen
      } catch (error) {
        if (!hasSucceeded || !(error instanceof StoreError)) throw error
        const reason = settings === undefined ? nameFlags(error.message) : error.message
        if (failures === 0) process.stderr.write(`airlock: ${reason}; trying again\n`)
        await delay(clock, pauseMs)
      }
    }
  }
}
