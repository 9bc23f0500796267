import { parentPort } from 'node:worker_threads'
import { compareSync } from 'bcryptjs'

/** What the thread is asked; it answers with a {@link BcryptAnswer} of the same number. */
export interface BcryptQuestion {
  readonly number: number
  readonly password: string
  readonly hash: string
}

/** Whether the hash is the password's. */
export interface BcryptAnswer {
  readonly number: number
  readonly isMatch: boolean
}

// The entry of a thread: it does its work by being loaded, and BcryptThread alone loads it.
parentPort?.on('message', ({ number, password, hash }: BcryptQuestion) => {
  const answer: BcryptAnswer = { number, isMatch: compareSync(password, hash) }
  parentPort?.postMessage(answer)
})
