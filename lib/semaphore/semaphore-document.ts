import { compareBytes } from './compare-bytes.js'
import type { Semaphore } from './semaphore.js'

/** The stored text as a semaphore, or why it is none, as the end of a sentence. */
export type ParsedSemaphore = { readonly semaphore: Semaphore } | { readonly problem: string }

/**
 * Reads a stored semaphore: `{"total_slots":2,"holders":["a","b"]}`.
 *
 * Generous where a hand or another program may have written it and nothing can be lost: white space,
 * unsorted holders and `"holders":null` are read. Anything else that is not exactly a semaphore is a
 * problem, unknown fields included: writing the document back would lose them.
 */
export function parseSemaphore(text: string): ParsedSemaphore {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return { problem: 'is not JSON' }
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return { problem: 'is not a JSON object' }
  }
  const fields = new Map(Object.entries(document))
  const unknown = [...fields.keys()].find((name) => name !== 'total_slots' && name !== 'holders')
  if (unknown !== undefined) return { problem: `has an unknown field ${JSON.stringify(unknown)}` }
  const totalSlots: unknown = fields.get('total_slots')
  if (typeof totalSlots !== 'number' || !Number.isSafeInteger(totalSlots) || totalSlots < 0) {
    return { problem: 'has no "total_slots" that is a whole number of at least 0' }
  }
  if (!fields.has('holders')) return { problem: 'has no "holders"' }
  const stored: unknown = fields.get('holders') ?? []
  if (!isListOfIds(stored)) return { problem: 'has "holders" that are not a list of node ids' }
  const holders = stored.toSorted(compareBytes)
  const twice = holders.find((id, index) => id === holders[index + 1])
  if (twice !== undefined) return { problem: `lists the holder ${JSON.stringify(twice)} twice` }
  return { semaphore: { totalSlots: totalSlots === 0 ? 0 : totalSlots, holders } }
}

/** Writes a semaphore byte for byte as coreos/airlock does (Go's encoding/json). */
export function printSemaphore(semaphore: Semaphore): string {
  const { totalSlots, holders } = semaphore
  return escapeAsGo(JSON.stringify({ total_slots: totalSlots, holders }))
}

function isListOfIds(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((id) => typeof id === 'string' && id !== '')
}

/** Go escapes these inside strings so that JSON can stand in HTML; outside of strings none occurs. */
function escapeAsGo(json: string): string {
  return json.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
