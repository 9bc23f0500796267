import type { GroupOverview, Overview } from '../lock/overview.js'
import { formatDuration } from '../terminal/format-duration.js'
import { emphasise, type TerminalTraits } from '../terminal/style.js'
import { formatTable } from '../terminal/table.js'
import type { PauseRecord } from '../lock/change.js'

/** Prints groups and holders for people: first all groups, then who holds, oldest first. */
export function printOverview(overview: Overview, now: number, traits: TerminalTraits): string {
  const lines: string[] = []
  if (overview.pause !== undefined) {
    lines.push(
      emphasise(`ALL GROUPS ARE PAUSED ${describePause(overview.pause)}`, 'red', traits),
      '',
    )
  }
  const [heading = '', ...rows] = formatTable(
    [
      { heading: 'GROUP' },
      { heading: 'SLOTS', isNumber: true },
      { heading: 'HELD', isNumber: true },
      { heading: 'FREE', isNumber: true },
      { heading: 'STATE' },
    ],
    overview.groups.map((group) => [
      group.group,
      String(group.totalSlots),
      String(group.holders.length),
      String(freeSlots(group)),
      describeState(group),
    ]),
    traits.width,
  )
  lines.push(emphasise(heading, 'bold', traits), ...rows)
  const holders = overview.groups.flatMap(({ group, holders: list }) =>
    list.map(({ id, since, by, isStale }) => [
      id,
      group,
      since ?? 'unknown',
      describeAge(now, since, isStale === true),
      by ?? '',
    ]),
  )
  if (holders.length > 0) {
    const [holderHeading = '', ...holderRows] = formatTable(
      ['HOLDER', 'GROUP', 'SINCE', 'HELD FOR', 'BY'].map((text) => ({ heading: text })),
      holders,
      traits.width,
    )
    lines.push('', emphasise(holderHeading, 'bold', traits), ...holderRows)
  }
  return `${lines.join('\n')}\n`
}

/** Prints one group exactly as `locksmithctl status` does. */
export function printAsLocksmith(group: GroupOverview): string {
  const { totalSlots, holders } = group
  const lines = [`Available: ${freeSlots(group)}`, `Max: ${totalSlots}`]
  if (holders.length > 0) lines.push('', 'MACHINE ID', ...holders.map(({ id }) => id))
  return `${lines.join('\n')}\n`
}

/** Prints the groups exactly as coreos/airlock's `ex get slots` does. */
export function printAsAirlock(groups: readonly GroupOverview[]): string {
  return groups
    .map(({ group, totalSlots, holders }) => {
      const owners = holders.map(({ id }) => ` - ${id}\n`).sort()
      return `group: ${group}\n semaphore slots: ${totalSlots}\n lock owners:\n${owners.join('')}\n---\n`
    })
    .join('')
}

/** The overview as the documented JSON object of `airlock status --json`. */
export function overviewToJson({ revision, pause, groups }: Overview): unknown {
  return {
    version: 1,
    revision,
    paused: pause ?? null,
    groups: groups.map((group) => ({
      name: group.group,
      slots: group.totalSlots,
      held: group.holders.length,
      free: freeSlots(group),
      paused: group.pause ?? null,
      problem: group.problem ?? null,
      stale: group.holders.filter(({ isStale }) => isStale === true).length,
      holders: group.holders.map(({ id, since, by, isStale }) => ({
        id,
        since: since ?? null,
        by: by ?? null,
        stale: isStale ?? null,
      })),
    })),
  }
}

function freeSlots({ totalSlots, holders }: GroupOverview): number {
  return Math.max(0, totalSlots - holders.length)
}

function describeState({ pause, problem, totalSlots, holders }: GroupOverview): string {
  if (problem !== undefined) return `BROKEN: ${problem}`
  const stale = holders.filter(({ isStale }) => isStale === true).length
  const parts = [
    ...(stale > 0 ? [`${stale} stale`] : []),
    ...(pause !== undefined ? [`paused ${describePause(pause)}`] : []),
    ...(holders.length > totalSlots ? ['more holders than slots'] : []),
    ...(totalSlots === 0 ? ['nobody may reboot'] : []),
  ]
  return parts.join('; ')
}

function describeAge(now: number, since: string | undefined, isStale: boolean): string {
  if (since === undefined) return ''
  return `${formatDuration(now - Date.parse(since))}${isStale ? ' (stale)' : ''}`
}

function describePause({ since, by, reason }: PauseRecord): string {
  const origin = [since && `since ${since}`, by && `by ${by}`].filter((part) => part !== '')
  return `${origin.join(' ')}: ${reason}`
}
