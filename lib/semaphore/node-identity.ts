/** Who asks: one machine of one group, as the FleetLock protocol's `client_params` names it. */
export interface NodeIdentity {
  readonly group: string
  readonly id: string
}

/** Longest group name: it becomes part of a key and a metric label; 253 is a DNS name's bound. */
export const MAX_GROUP_LENGTH = 253

/** Longest node id, in UTF-16 code units. Zincati sends 32; the rest is room for other clients. */
export const MAX_ID_LENGTH = 256

/** The FleetLock protocol's pattern for group names. */
export const GROUP_PATTERN = /^[a-zA-Z0-9.-]+$/

/** Control, format, surrogate and separator characters other than the plain space. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** Why `group` is no group name, as the end of a sentence that begins with its place; else undefined. */
export function groupProblem(group: string): string | undefined {
  if (group === '') return 'must not be empty'
  if (group.length > MAX_GROUP_LENGTH) {
    return `must have at most ${MAX_GROUP_LENGTH} characters, got ${group.length}`
  }
  if (!GROUP_PATTERN.test(group)) return 'may only contain letters, digits, "." and "-"'
  return undefined
}

/** Why `id` is no node id, as the end of a sentence that begins with its place; else undefined. */
export function idProblem(id: string): string | undefined {
  if (id === '') return 'must not be empty'
  if (id.length > MAX_ID_LENGTH) {
    return `must have at most ${MAX_ID_LENGTH} characters, got ${id.length}`
  }
  if (UNPRINTABLE.test(id)) return 'may only contain printable characters'
  return undefined
}
