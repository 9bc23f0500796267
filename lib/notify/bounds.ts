/** Notifications that wait for one webhook: a day of a busy fleet; each takes about a kilobyte. */
export const MAX_QUEUED = 1000

/** What a webhook has not taken within a day is no news any more, in milliseconds. */
export const MAX_AGE_MS = 24 * 60 * 60 * 1000

/** Pause before a failed attempt is repeated, in milliseconds; it doubles up to the largest. */
export const RETRY_MS = { first: 1000, largest: 60_000 }

/** What waits to be claimed; more come only while the store is down, and then nothing changes. */
export const MAX_UNCLAIMED = 1000

/** Names of what has been told or offered, so that one replica does so once. */
export const MAX_REMEMBERED = 10_000

/** How soon a claim is tried again when the store has failed, in milliseconds. */
export const CLAIM_RETRY_MS = 5000

/** Attempts after which what cannot be claimed may be overtaken by what can. */
export const MAX_FAILURES_IN_FRONT = 3

/**
 * How long others leave it to the replica that made a change to tell it, in milliseconds, and the part
 * by which they spread out.
 */
export const GRACE_MS = { base: 10_000, jitter: 5000 }

/** How long an operator's change waits for its claim at most, so that replicas spread out, in milliseconds. */
export const SPREAD_MS = 500

/** Changes up to this age are told by a replica that has just started, in milliseconds. */
export const LOOKBACK_MS = 15 * 60 * 1000

/** Longest lease of a claim for a change, in seconds: well above the age of what is still told. */
export const CHANGE_CLAIM_SECONDS = 60 * 60

/** A stale holder, and a refused machine, are told again after a day at the earliest, in seconds. */
export const DAILY_CLAIM_SECONDS = 24 * 60 * 60

/** A gate that cannot be asked is told again after an hour at the earliest, in seconds. */
export const HOURLY_CLAIM_SECONDS = 60 * 60

/** A lease begins after its claim was offered, and etcd ends it late: in seconds, generously. */
export const LEASE_SLACK_SECONDS = 60

/** Rings read at once: each has up to 128 records, and a read has at most 128 selectors. */
export const MAX_RINGS_AT_ONCE = 32

/** Largest answer of a receiver that is read to the end, so that its connection ends well, in bytes. */
export const MAX_ANSWER_BYTES = 64 * 1024

/** A secret in a file has at most so many bytes. */
export const MAX_SECRET_BYTES = 4096

/** How long a stop waits for deliveries that are under way, in milliseconds. */
export const DRAIN_MS = 3000

/** A text from outside is cut after so many characters in a sentence. */
export const MAX_TEXT_LENGTH = 500
