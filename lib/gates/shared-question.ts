/**
 * A question that is asked once for all who want to know at a moment.
 *
 * INVARIANTS:
 * - It is under way at most once. All who come meanwhile share the next time.
 * - Nobody gets an answer to a question that was put before they came.
 */
export class SharedQuestion<T> {
  readonly #put: () => Promise<T>
  #underWay: Promise<unknown> = Promise.resolve()
  #next: Promise<T> | undefined

  /** `put` has a bound of its own on how long it takes; it may reject. */
  constructor(put: () => Promise<T>) {
    this.#put = put
  }

  /** The answer; it takes at most twice as long as the question. */
  ask(): Promise<T> {
    this.#next ??= this.#putNext()
    return this.#next
  }

  async #putNext(): Promise<T> {
    await this.#underWay
    this.#next = undefined
    const answer = this.#put()
    this.#underWay = answer.catch(() => undefined)
    return answer
  }
}
