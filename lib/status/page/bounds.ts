/** How many slots are drawn as a box each: a row on a wide screen. Beyond, they are summed up in a bar. */
export const MAX_BOXES = 40

/** How many holders of a group are shown at once; the others are behind a click. */
export const MAX_HOLDERS_SHOWN = 12

/** How many waiters, and how many refused machines, likewise. */
export const MAX_WAITING_SHOWN = 10

/** How many machines a timeline has: what fits on a screen. The table behind it has them all. */
export const MAX_TIMELINE_ROWS = 24

/** Up to so many groups all are open that are not quiet; of more, only those that need attention. */
export const MAX_OPEN_GROUPS = 12

/** How many things that need attention are spelled out on top; the others are counted. */
export const MAX_ATTENTION_ITEMS = 12

/** How many stale machines of one group are named on top; all of them are in the group. */
export const MAX_STUCK_NAMED = 3

/** Who may listen at once: people with a browser. Each costs a socket and a copy of what changes. */
export const MAX_LISTENERS = 64

/** What may wait for one listener, in bytes: a page of 1,000 groups. A slower one is cut off. */
export const MAX_LISTENER_BACKLOG = 4 * 1024 * 1024

/**
 * How often listeners hear something, and what grows with time alone is looked at, in milliseconds. A
 * page that misses two beats says that the connection is lost; and it is far below the 60 s after which
 * proxies give up on a connection that is silent.
 */
export const HEARTBEAT_MS = 5000

/** How long one listens before it has to show its password again, in milliseconds. */
export const LISTENING_MS = 15 * 60_000

/** After how long a browser comes back, in milliseconds. */
export const RECONNECT_MS = 2000
