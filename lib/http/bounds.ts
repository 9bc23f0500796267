/** Longest time for a request's headers, in milliseconds: one packet on any sane network. */
export const HEADERS_TIMEOUT_MS = 10_000

/** Longest time for a whole request to arrive, in milliseconds: 16 KiB even on a bad line. */
export const REQUEST_TIMEOUT_MS = 30_000

/** How long an idle connection is kept, in milliseconds: above the 60 s after which proxies give up. */
export const KEEP_ALIVE_TIMEOUT_MS = 75_000

/** How often the timeouts above are looked at, in milliseconds. */
export const CONNECTIONS_CHECK_MS = 1000

/** Most connections at a time; above the largest fleets, below the usual limit of file descriptors. */
export const MAX_CONNECTIONS = 20_000

/** Largest headers of a request, in bytes, together. */
export const MAX_HEADER_BYTES = 16 * 1024

/**
 * How long a stop waits for requests under way, in milliseconds: above the default transaction
 * timeout of 3 s, below the 10 s after which `podman stop` kills.
 */
export const DRAIN_MS = 5000
