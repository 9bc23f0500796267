/** A range of whole numbers, both ends allowed. */
export interface Bound {
  readonly min: number
  readonly max: number
}

/** TCP's range. 0 asks the system for any free port, which the ready line then names. */
export const LISTEN_PORT: Bound = { min: 0, max: 65_535 }

/** An endpoint is connected to, so "any free port" has no meaning there. */
export const ENDPOINT_PORT: Bound = { min: 1, max: 65_535 }

/**
 * Under 100 ms a healthy etcd that elects a leader or waits for a disk would count as down; over a
 * minute a machine's request would hang on an etcd that will not answer any more.
 */
export const TRANSACTION_TIMEOUT_MS: Bound = { min: 100, max: 60_000 }

/** A million machines of one group down at once is a typing error; 0 means that nobody reboots. */
export const SLOTS: Bound = { min: 0, max: 1_000_000 }

/** Over a million pre-reboot requests a minute of one address is a typing error; 0 means no limit. */
export const REQUESTS_PER_MINUTE: Bound = { min: 0, max: 1_000_000 }

/** A file of the largest size has no room for more. */
export const MAX_ALLOWED_NAMES = 10_000

/** The longest id, see the semaphore room, and `*`; user names are shorter. */
export const MAX_NAME_PATTERN_LENGTH = 257

/** Proxies are few; networks stand for many. */
export const MAX_PROXIES = 64

/** Each group has its own lane, keys and metric labels; more would drown the metrics. */
export const MAX_GROUPS = 10_000

/** etcd advises 7 members at most; the rest is room for proxies and several names of one member. */
export const MAX_ENDPOINTS = 64

/** Linux's PATH_MAX. */
export const MAX_PATH_LENGTH = 4096

/** etcd sets no bound on user names; this is room for an e-mail address as one. */
export const MAX_USERNAME_LENGTH = 256

/** The longest DNS name. */
export const MAX_HOST_NAME_LENGTH = 253

/** 10 000 groups take under half of it; a larger file is some other file given by mistake. */
export const MAX_FILE_BYTES = 1024 * 1024

/** Nesting of lists and inline tables; the deepest key needs 3, and the parser recurses. */
export const MAX_TOML_DEPTH = 32

/** A value in a message is cut after this many characters, so that a line stays a line. */
export const MAX_SHOWN_LENGTH = 80

/** More lines than fit on some screens help nobody; the rest is counted. */
export const MAX_PRINTED_PROBLEMS = 200

/**
 * How long a pre-reboot may wait for a slot. Zincati gives up after 30 minutes; a minute less leaves
 * time for the answer.
 */
export const WAIT_TIMEOUT_MS: Bound = { min: 0, max: 1_740_000 }

/** How many requests may wait at a time; each holds a connection, so file descriptors end it. */
export const WAITERS: Bound = { min: 0, max: 100_000 }

/** Minutes; a year is longer than any machine is down for an update. 0 means never. */
export const STALE_AFTER_MINUTES: Bound = { min: 0, max: 525_600 }

/** Unless it is set: Zincati's machines are back within minutes. */
export const DEFAULT_STALE_AFTER_MINUTES = 60

/** Likewise, where "never" is said by leaving it out. */
export const STALE_RELEASE_MINUTES: Bound = { min: 1, max: 525_600 }

/** More than a hundred machines lost in a day are no accidents that a daemon should clean up. */
export const STALE_RELEASES_PER_DAY: Bound = { min: 1, max: 100 }

/** Nodes that have a name: as many as groups; a file of the largest size has no room for many more. */
export const MAX_NAMED_NODES = 10_000

/** A node's name stands in a column beside its id; a host name that is longer tells nobody anything. */
export const MAX_NODE_NAME_LENGTH = 100

/** Each webhook has its own queue; more receivers belong behind one that fans out. */
export const MAX_WEBHOOKS = 16

/** Browsers' old bound; hooks' URLs have about a hundred characters. */
export const MAX_URL_LENGTH = 2048

/** A receiver that needs over a minute for one notification is down. */
export const WEBHOOK_TIMEOUT_MS: Bound = { min: 100, max: 60_000 }

/** Minutes; machines ask every five, and what is refused for over a week is known by then. */
export const REFUSED_MINUTES: Bound = { min: 1, max: 10_080 }

/** Seconds between a release and the next grant; a day is longer than any machine needs to catch up. */
export const COOLDOWN_SECONDS: Bound = { min: 0, max: 86_400 }

/** Minutes of a reboot window: at most a week, after which it comes again. */
export const WINDOW_MINUTES: Bound = { min: 1, max: 10_080 }

/** Reboot windows of one group; each is looked at for every request. */
export const MAX_WINDOWS = 100

/** Blackouts in one file; what is over may be removed. */
export const MAX_BLACKOUTS = 1000

/** A reason or a name goes into every refusal, and from there into journals. */
export const MAX_REASON_LENGTH = 200

/**
 * How long a gate may be asked. Four questions in a row must be over before a request is given up that
 * waits for its verdict (45 seconds).
 */
export const GATE_TIMEOUT_MS: Bound = { min: 100, max: 10_000 }

/** Statuses that end a request; those below 200 only announce one. */
export const EXPECTED_STATUS: Bound = { min: 200, max: 599 }

/** All of them are asked at the same time, each over a connection of its own. */
export const MAX_HTTP_CHECKS = 32

/** The query goes into a URL, and common proxies take URLs of up to 8 KiB. */
export const MAX_QUERY_LENGTH = 2000

/** Names of some fifty alerts. */
export const MAX_PATTERN_LENGTH = 2000
