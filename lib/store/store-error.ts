/**
 * - `unavailable`: surely nothing was committed.
 * - `unknown`: the commit may have happened, or may still happen later.
 */
export type StoreErrorKind = 'unavailable' | 'unknown'

/** The only error a store throws; the message is a sentence for an operator, without secrets. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly kind: StoreErrorKind

  constructor(kind: StoreErrorKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}
