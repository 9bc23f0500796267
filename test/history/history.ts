/**
 * What a machine was told.
 *
 * - `acquired`, `released`: 200
 * - `refused`: 423, because all slots were held
 * - `declined`: any other answer by which nothing was done, now or later
 * - `unknown`: a timeout, a lost connection, a 503: it may have happened, or may yet
 */
export type Answer = 'acquired' | 'released' | 'refused' | 'declined' | 'unknown'

/** One request of one machine, and what became of it. Times are of one monotonic clock. */
export interface Operation {
  readonly group: string
  readonly id: string
  readonly operation: 'lock' | 'unlock'
  readonly start: number
  readonly end: number
  readonly answer: Answer
  /**
   * Of an unknown answer: when nobody was working on the request any more. What was sent to the store
   * before that is guarded by the revision seen before that, so it can still become the first revision
   * after that moment, and no later one: whichever comes first is the fence. It is `end` unless told.
   */
  readonly abandonedAt?: number
}

/** A group's semaphore as one revision of the store holds it. */
export interface SemaphoreRevision {
  readonly revision: number
  readonly totalSlots: number
  readonly holders: readonly string[]
}

/** Somebody else read the store: at some moment between start and end this was its newest revision. */
export interface Sighting {
  readonly group: string
  readonly revision: number
  readonly start: number
  readonly end: number
}

/** All that is known of a run. */
export interface History {
  /** In any order. Answered operations of one machine do not overlap: it waits for each answer. */
  readonly operations: readonly Operation[]
  /**
   * By group, every revision in the order of the store, without a gap. The first is what the store
   * held when the run began: no holders at revision 0, if there was nothing yet.
   */
  readonly revisions: ReadonlyMap<string, readonly SemaphoreRevision[]>
  readonly sightings?: readonly Sighting[]
}

/** What must not be. */
export type ViolationKind =
  | 'malformed-revision'
  | 'grant-beyond-slots'
  | 'grant-not-asked-for'
  | 'holder-lost'
  | 'release-not-done'
  | 'unexplained-answer'

/** One thing in a history that no correct semaphore can have done. */
export interface Violation {
  readonly kind: ViolationKind
  /** Names the operation, or the revision and the machine. */
  readonly message: string
}

/** An operation in words, for messages. */
export function describeOperation({ operation, id, group, start, end, answer }: Operation): string {
  return `${operation} of ${id} in ${group} (${start.toFixed(1)} to ${end.toFixed(1)}), answered ${answer}`
}
