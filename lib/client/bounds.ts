/** Longest time until a connection is there, TLS included: beyond it nobody is at the other end. */
export const CONNECT_TIMEOUT_MS = 30_000

/** How long one request may take where the caller does not wait for a slot: a person looks on. */
export const REQUEST_TIMEOUT_MS = 30_000

/** How long one request may take while waiting: Zincati's, so that a server may let it wait. */
export const WAITING_REQUEST_TIMEOUT_MS = 30 * 60_000

/** The last request of a wait gets this much, however little of the wait is left. */
export const LAST_REQUEST_TIMEOUT_MS = 10_000

/** From the first byte of an answer to its last: answers are small, and sent at once. */
export const ANSWER_TIMEOUT_MS = 10_000

/** Largest answer that is read, in bytes; FleetLock's are below 1 KiB. */
export const MAX_ANSWER_BYTES = 64 * 1024

/** Probes on a quiet connection, so that one whose server is gone does not stay for 30 minutes. */
export const KEEP_ALIVE_MS = 60_000

/** From one request to the next: Zincati's 5 minutes. */
export const RETRY_INTERVAL_MS = 5 * 60_000

/** Up to this part of the interval is added to it, at random: Zincati's 300 to 330 s. */
export const RETRY_JITTER = 0.1

/** How often a run looks whether the other one on this machine is over. */
export const LOCAL_LOCK_POLL_MS = 1000

/** How often a release is tried. With the pauses below, a server may be away for 2 minutes. */
export const RELEASE_ATTEMPTS = 10

/** Between two tries of a release: the first pause, doubled each time up to the longest. */
export const RELEASE_PAUSE_MS = { first: 1000, longest: 30_000 } as const
