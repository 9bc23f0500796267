import type { Refusal } from '../semaphore/refusal.js'
import type { Put } from '../store/store.js'
import { cooldownKey } from './keys.js'

/** What is stored for the time for which a group rests after a release. The store removes it. */
export interface Cooldown {
  /** When the machine was released; RFC 3339, by the clock of who wrote it. */
  readonly since: string
  /** For how long the group rests from then on. */
  readonly seconds: number
}

/** What a transaction that releases puts beside; nothing where no cooldown is configured. */
export function cooldownPuts(group: string, seconds: number, at: string): readonly Put[] {
  if (seconds === 0) return []
  const value: Cooldown = { since: at, seconds }
  return [{ key: cooldownKey(group), value: JSON.stringify(value), timeToLiveSeconds: seconds }]
}

/** Reads a stored cooldown. Whatever is stored there is one: when in doubt, nobody reboots. */
export function parseCooldown(text: string): Cooldown {
  try {
    const { since, seconds } = JSON.parse(text) as Partial<Record<keyof Cooldown, unknown>>
    if (typeof since === 'string' && typeof seconds === 'number') return { since, seconds }
  } catch {
    // Answered below.
  }
  return UNREADABLE
}

/** Why nobody is granted while a group rests. */
export function cooldownRefusal({ since, seconds }: Cooldown): Refusal {
  const end = Date.parse(since) + seconds * 1000
  // What a Date cannot be is no moment; what is stored may be anything.
  const until = new Date(end)
  return {
    kind: 'cooldown',
    seconds,
    until: Number.isNaN(until.getTime()) ? null : until.toISOString(),
  }
}

const UNREADABLE: Cooldown = { since: '', seconds: 0 }
