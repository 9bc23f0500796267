/** What a listener allows its clients, and how long it waits for them. */
export interface ListenerBounds {
  /** Longest time for a request's headers, in milliseconds; also for the first byte of a connection. */
  readonly headersTimeoutMs: number
  /** Longest time for a whole request to arrive, in milliseconds; not below that for its headers. */
  readonly requestTimeoutMs: number
  /** How long a connection is kept after an answer, in milliseconds. */
  readonly keepAliveTimeoutMs: number
  /** How often the timeouts above are looked at, in milliseconds. */
  readonly connectionsCheckMs: number
  readonly maxConnections: number
  /** Largest headers of a request, in bytes, together. */
  readonly maxHeaderBytes: number
  /** How long a stop waits for requests under way, in milliseconds. */
  readonly drainMs: number
}

/** The main service's bounds. */
export const LISTENER_BOUNDS: ListenerBounds = {
  // One packet on any sane network.
  headersTimeoutMs: 10_000,
  // Time for 16 KiB even on a bad line.
  requestTimeoutMs: 30_000,
  // Above the 60 s after which proxies give up.
  keepAliveTimeoutMs: 75_000,
  connectionsCheckMs: 1000,
  // Above the largest fleets, below the usual limit of file descriptors.
  maxConnections: 20_000,
  maxHeaderBytes: 16 * 1024,
  // Above the default transaction timeout of 3 s, below the 10 s after which `podman stop` kills.
  drainMs: 5000,
}

/** The status service's bounds: it is stopped after the main service, within the same 10 s. */
export const STATUS_LISTENER_BOUNDS: ListenerBounds = { ...LISTENER_BOUNDS, drainMs: 1000 }
