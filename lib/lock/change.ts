/** One thing that changed in a group, as the events ring keeps it. A closed set. */
export type Change =
  | { readonly type: 'granted'; readonly id: string }
  | { readonly type: 'released'; readonly id: string }
  | { readonly type: 'slots-set'; readonly from: number | null; readonly to: number }

/** A record of the events ring: what one commit changed, when, and by whose hand (`user@host`). */
export interface ChangeRecord {
  readonly at: string
  readonly by: string
  readonly changes: readonly Change[]
}

/** What is stored for each holder: since when (RFC 3339) and by whose hand it holds. */
export interface HolderRecord {
  readonly since: string
  readonly by: string
}
