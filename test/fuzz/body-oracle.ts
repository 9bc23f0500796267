import { isUtf8 } from 'node:buffer'

/** One machine of one group. */
export interface Identity {
  readonly group: string
  readonly id: string
}

/** Everything that is printed, and the space; the rest (controls, formats, surrogates, breaks) is not. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}\p{Co}\p{Cn}]{1,256}$/u

const GROUP = /^[a-zA-Z0-9.-]{1,253}$/

/**
 * Who a body names by the README's protocol, judged without any code of lib/; undefined if it is not
 * a FleetLock body of a known group.
 */
export function judgeBody(body: Buffer, groups: ReadonlySet<string>): Identity | undefined {
  if (!isUtf8(body) || body.indexOf('\ufeff') === 0) return undefined
  let root: unknown
  try {
    root = JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
  const parameters = ownObject(root)?.get('client_params')
  const { id, group } = Object.fromEntries(ownObject(parameters) ?? new Map<string, unknown>())
  if (typeof id !== 'string' || typeof group !== 'string') return undefined
  const isNamed = PRINTABLE.test(id) && id.length <= 256 && GROUP.test(group) && groups.has(group)
  return isNamed ? { group, id } : undefined
}

function ownObject(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return new Map(Object.entries(value))
}
