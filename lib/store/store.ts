/** What to read: one key, or every key that begins with a prefix. */
export type Selector = { readonly key: string } | { readonly prefix: string }

/** A stored key. Keys and values are UTF-8 text. */
export interface Entry {
  readonly key: string
  readonly value: string
  /** The store's revision at the last change of this key; above 0, growing with every commit. */
  readonly revision: number
  /** How often the key was put since it was last created; 1 after its first put. */
  readonly version: number
}

/** What was read, all at one revision of the store. Entries are sorted by the bytes of their key. */
export interface Snapshot {
  readonly revision: number
  readonly entries: readonly Entry[]
}

/**
 * A condition of a commit.
 *
 * - `key`: its entry still has `revision`; 0 means that the key is absent.
 * - `prefix`: no key below it was created or changed after `revision`. A deleted key goes unnoticed.
 */
export type Guard =
  | { readonly key: string; readonly revision: number }
  | { readonly prefix: string; readonly revision: number }

/** A value to write. With `timeToLiveSeconds` (a whole number, at least 1) the key vanishes by itself. */
export interface Put {
  readonly key: string
  readonly value: string
  readonly timeToLiveSeconds?: number
}

/**
 * An all-or-nothing change: it happens only if every guard holds. No key may be named twice among
 * `puts` and `deletes`, and each list holds at most {@link MAX_OPERATIONS} entries, puts and deletes
 * counted together. Deleting an absent key is no error.
 */
export interface Transaction {
  readonly unchanged: readonly Guard[]
  readonly puts: readonly Put[]
  readonly deletes: readonly string[]
}

/** The largest number of operations in one transaction: etcd's default `--max-txn-ops`. */
export const MAX_OPERATIONS = 128

/** `conflict` carries a fresh snapshot of everything that the guards named. */
export type CommitResult =
  | { readonly outcome: 'committed'; readonly revision: number }
  | { readonly outcome: 'conflict'; readonly snapshot: Snapshot }

/** How one of a store's endpoints does by itself: how soon it answered, or why it does not. */
export type EndpointHealth =
  | { readonly endpoint: string; readonly latencyMs: number }
  | { readonly endpoint: string; readonly error: string }

/**
 * A tiny transactional key-value store. Every read is linearizable: it sees each commit that was
 * answered before the read began. All calls settle within `timeoutMs`, whatever the store does.
 *
 * `read` and `commit` throw {@link StoreError}, and nothing else; `read` and a commit of an unusable transaction
 * never throw `unknown`.
 */
export interface Store {
  /** One line for people and logs: which store this is, without secrets. */
  readonly description: string
  read(selectors: readonly Selector[], timeoutMs: number): Promise<Snapshot>
  commit(transaction: Transaction, timeoutMs: number): Promise<CommitResult>
  /**
   * Asks each endpoint by itself, for people to see; in the order in which they are configured, none
   * where there is nothing between the store and its data. It never rejects.
   */
  probe(timeoutMs: number): Promise<readonly EndpointHealth[]>
  /** Gives every resource back; calls under way fail. Safe to call twice. */
  close(): Promise<void>
}
