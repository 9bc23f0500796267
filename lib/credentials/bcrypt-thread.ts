import { Worker } from 'node:worker_threads'
import type { BcryptAnswer, BcryptQuestion } from './bcrypt-worker.js'

/** Finds out whether a bcrypt hash is a password's. */
export interface PasswordComparer {
  compare(password: string, hash: string): Promise<boolean>
}

interface Pending {
  readonly resolve: (isMatch: boolean) => void
  readonly reject: (error: Error) => void
}

/**
 * bcrypt in a thread of its own, one hash at a time: a hash of the usual cost takes a twentieth of a
 * second, in which the main thread would answer nobody.
 *
 * INVARIANTS: the thread is there from the first question until `close`, or until it fails; each
 * question is answered or rejected.
 */
export class BcryptThread implements PasswordComparer {
  readonly #pending = new Map<number, Pending>()
  #worker: Worker | undefined
  #lastNumber = 0
  #isClosed = false

  compare(password: string, hash: string): Promise<boolean> {
    if (this.#isClosed) return Promise.reject(new Error('passwords are not checked any more'))
    return new Promise((resolve, reject) => {
      this.#lastNumber += 1
      const question: BcryptQuestion = { number: this.#lastNumber, password, hash }
      this.#pending.set(question.number, { resolve, reject })
      this.#worker ??= this.#startWorker()
      this.#worker.postMessage(question)
    })
  }

  /** Ends the thread; what it has not answered is rejected. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#worker?.terminate()
  }

  #startWorker(): Worker {
    const worker = new Worker(new URL('./bcrypt-worker.js', import.meta.url), {
      // It needs nothing of the process: neither its environment nor its arguments.
      env: {},
      argv: [],
      execArgv: [],
    })
    worker.unref()
    worker.on('message', ({ number, isMatch }: BcryptAnswer) => {
      this.#pending.get(number)?.resolve(isMatch)
      this.#pending.delete(number)
    })
    const onEnd = (cause?: unknown): void => {
      // Both events come after a failure, and by the second a new thread may be at work.
      if (this.#worker !== worker) return
      this.#worker = undefined
      const error = new Error('the thread that checks passwords has ended', { cause })
      for (const { reject } of this.#pending.values()) reject(error)
      this.#pending.clear()
    }
    worker.on('error', onEnd)
    worker.on('exit', onEnd)
    return worker
  }
}
