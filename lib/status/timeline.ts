import type { Overview } from '../lock/overview.js'
import type { GroupEvent } from '../lock/read-events.js'
import { MAX_TIMELINE } from './bounds.js'
import type { HoldReport } from './status-report.js'

type Hold = Omit<HoldReport, 'name'>

/** What a daemon calls itself in records; people are `user@host`. */
const DAEMON = /^airlock@/

/** The end of a hold that somebody ended who keeps no records, as coreos/airlock does. */
const UNRECORDED = 'not recorded'

/**
 * Who held when, by the rings of events (oldest first) and by who holds now: the latest
 * {@link MAX_TIMELINE}, as they began, those of which that is unknown first.
 */
export function timelineOf(overview: Overview, events: readonly GroupEvent[]): readonly Hold[] {
  const past: Hold[] = []
  const open = new Map<string, Hold>()
  const end = (group: string, id: string, to: string | null, ended: string): void => {
    const name = `${group}/${id}`
    const begun = open.get(name) ?? { group, id, from: null }
    open.delete(name)
    past.push({ ...begun, to, ended })
  }
  for (const { group, at, by, changes } of events) {
    for (const change of changes) {
      if (change.type === 'granted') {
        const { id } = change
        if (open.has(`${group}/${id}`)) end(group, id, null, UNRECORDED)
        open.set(`${group}/${id}`, { group, id, from: at, to: null, ended: null })
      } else if (change.type === 'released') {
        end(group, change.id, at, DAEMON.test(by) ? 'released' : `unlocked by ${by}`)
      } else if (change.type === 'stale-released') {
        end(group, change.id, at, 'released as stale')
      }
    }
  }
  const present = overview.groups.flatMap(({ group, holders }) =>
    holders.map(({ id, since }): Hold => {
      const begun = open.get(`${group}/${id}`)
      open.delete(`${group}/${id}`)
      return { group, id, from: since ?? begun?.from ?? null, to: null, ended: null }
    }),
  )
  // Of a group whose document cannot be read it is not known who holds.
  const broken = new Set(
    overview.groups.flatMap((it) => (it.problem === undefined ? [] : it.group)),
  )
  for (const hold of [...open.values()]) {
    if (broken.has(hold.group)) present.push(hold)
    else end(hold.group, hold.id, null, UNRECORDED)
  }
  const room = Math.max(0, MAX_TIMELINE - present.length)
  return [...past.slice(Math.max(0, past.length - room)), ...present].sort(byBeginning)
}

function byBeginning(left: Hold, right: Hold): number {
  const [one, other] = [left.from ?? '', right.from ?? '']
  if (one === other) return 0
  return one < other ? -1 : 1
}
