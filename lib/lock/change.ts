/** One thing that changed in a group, as the events ring keeps it. A closed set. */
export type Change =
  | { readonly type: 'granted'; readonly id: string }
  | { readonly type: 'released'; readonly id: string }
  /** A replica has released a holder that had held for too long. */
  | { readonly type: 'stale-released'; readonly id: string }
  | { readonly type: 'slots-set'; readonly from: number | null; readonly to: number }
  | { readonly type: 'paused'; readonly reason: string }
  | { readonly type: 'resumed' }

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

/** What is stored while a group, or everything, is paused. */
export interface PauseRecord {
  readonly reason: string
  readonly since: string
  readonly by: string
}

/** Reads a stored pause. Whatever is stored there pauses: when in doubt, nobody reboots. */
export function parsePause(text: string): PauseRecord {
  return parseRecord(text, ['reason', 'since', 'by']) ?? UNREADABLE_PAUSE
}

const UNREADABLE_PAUSE = { reason: 'the stored pause is not readable', since: '', by: '' }

/** Reads a holder's record; undefined for what is none: since when it holds is unknown then. */
export function parseHolder(text: string): HolderRecord | undefined {
  return parseRecord(text, ['since', 'by'])
}

function parseRecord<Name extends string>(
  text: string,
  names: readonly Name[],
): Record<Name, string> | undefined {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof document !== 'object' || document === null) return undefined
  const fields = new Map<string, unknown>(Object.entries(document))
  const pairs = names.map((name) => [name, fields.get(name)] as const)
  if (!pairs.every(([, value]) => typeof value === 'string')) return undefined
  return Object.fromEntries(pairs) as Record<Name, string>
}
