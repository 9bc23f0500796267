/** How long one answer stands for all that ask, in milliseconds: a page that is reloaded loads nothing. */
export const FRESH_FOR_MS = 500

/** How long it stands even where it does not show a change, in milliseconds: changes may come in floods. */
export const OUTDATED_FOR_MS = 200

/**
 * How soon after a change those who watch are told, in milliseconds: four times a second is as often as
 * a page can be read. It is longer than an outdated answer stands, or they might be given that.
 */
export const TELL_AFTER_MS = 250

/** Longest time that a look waits for the store, in milliseconds; people give up soon. */
export const READ_TIMEOUT_MS = 2000

/** How long a probe of the endpoints stands, in milliseconds: one that is frozen answers late each time. */
export const PROBE_FRESH_FOR_MS = 2000

/** Longest time that a look waits for the endpoints, in milliseconds. */
export const PROBE_TIMEOUT_MS = 1000

/** How often what was seen last is brought up to date while nobody looks, at most, in milliseconds. */
export const CATCH_UP_INTERVAL_MS = 5000

/** How often things are looked at that change by themselves while somebody watches, in milliseconds. */
export const LOOK_INTERVAL_MS = 5000

/** Machines shown of those that wait in one group; how many there are beside them is told. */
export const MAX_WAITERS_SHOWN = 200

/** Refused machines in one report, the last ones; nobody reads more. */
export const MAX_REFUSED_SHOWN = 1000

/** Times of holding in one report, the latest: a page of some hundred kilobytes. */
export const MAX_TIMELINE = 1000
