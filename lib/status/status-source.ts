import type { Cancel } from '../calendar/clock.js'
import type { StatusReport } from './status-report.js'

/** Where the status service takes from what it shows. */
export interface StatusSource {
  /**
   * How things are, by the last half second. Many that ask at once share one look at the store, which
   * takes 3 seconds at most. It never rejects: while the store cannot be reached, the report says so and
   * has what was seen last.
   */
  read(): Promise<StatusReport>
  /**
   * Calls back after something has changed that a report shows, at most four times a second; what is
   * read from then on shows it. While anybody watches, the store is polled attentively. The returned
   * function ends it; after that no call comes.
   */
  watch(onChange: () => void): Cancel
}
