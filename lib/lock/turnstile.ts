/** Lets one through at a time, in the order in which they came. */
export class Turnstile {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `work` once all that came before have ended, however they ended. */
  pass<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work)
    this.#last = result.catch(() => undefined)
    return result
  }
}
