/**
 * Largest answer of a Prometheus that is read, in bytes: room for 20 000 alerts with many labels. One
 * that is larger counts as none.
 */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** Alerts that a refusal names; the rest is counted, so that a line of the journal stays readable. */
export const MAX_NAMED_ALERTS = 10

/** A name in a refusal is cut after so many characters. */
export const MAX_NAME_LENGTH = 100

/** What a server says is wrong is cut after so many characters. */
export const MAX_REASON_LENGTH = 200

/** A token in a file has at most so many bytes: a server allows its headers not much more. */
export const MAX_SECRET_BYTES = 16 * 1024

/** Longer names are matched against no pattern, and so not ignored. */
export const MAX_MATCHED_NAME_LENGTH = 256
