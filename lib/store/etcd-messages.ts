import { Range, type ICompare, type IKeyValue, type IRangeRequest } from 'etcd3'
import { StoreError } from './store-error.js'
import type { Entry, Guard, Selector, Snapshot } from './store.js'
import { textOfValue } from './value-text.js'

/** A guard as etcd compares it. */
export function compareOf(guard: Guard): ICompare {
  // "Not changed since": unlike a key's own revision, the newest of a prefix is only bounded above.
  if ('prefix' in guard) {
    const { start, end } = Range.prefix(guard.prefix)
    const mod_revision = guard.revision + 1
    return { result: 'Less', target: 'Mod', key: start, range_end: end, mod_revision }
  }
  return { result: 'Equal', target: 'Mod', key: bytes(guard.key), mod_revision: guard.revision }
}

/** What a selector names, as etcd reads it. */
export function rangeOf(selector: Selector): IRangeRequest {
  if ('key' in selector) return { key: bytes(selector.key) }
  const { start, end } = Range.prefix(selector.prefix)
  return { key: start, range_end: end }
}

/** Keys and values are UTF-8. */
export function bytes(text: string): Buffer {
  return Buffer.from(text, 'utf8')
}

/** The part of a transaction's answer that a read asks for. */
export interface RangeResponse {
  readonly response_range?: { readonly kvs: readonly IKeyValue[] }
}

/** Everything that the ranges of one transaction found. */
export function snapshotOf(revision: string, responses: readonly RangeResponse[]): Snapshot {
  const entries = new Map<string, Entry>()
  for (const { response_range: range } of responses) {
    for (const pair of range?.kvs ?? []) {
      const key = pair.key.toString('utf8')
      entries.set(key, {
        key,
        value: textOfValue(pair.value),
        revision: wholeNumber(pair.mod_revision),
        version: wholeNumber(pair.version),
      })
    }
  }
  const sorted = [...entries.values()].sort((a, b) => Buffer.compare(bytes(a.key), bytes(b.key)))
  return { revision: wholeNumber(revision), entries: sorted }
}

/** etcd counts in 64 bits; at 10,000 commits a second, 2^53 is reached after 28,000 years. */
export function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) {
    throw new StoreError(
      'unavailable',
      `etcd's counter ${text} is beyond what can be counted exactly`,
    )
  }
  return value
}
