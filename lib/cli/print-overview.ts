import type { GroupOverview, Overview } from '../lock/overview.js'
import { formatDuration } from '../terminal/format-duration.js'
import { printable, printableId } from '../terminal/printable.js'
import { emphasise, type TerminalTraits } from '../terminal/style.js'
import { formatTable, type Column } from '../terminal/table.js'
import { describePause } from './describe-pause.js'
import type { Cooldown } from '../lock/cooldown.js'
import type { CalendarReport } from '../status/status-report.js'
import type { StatusDetails } from './status-details.js'

/** What is printed, at `now` in milliseconds since the epoch. */
export interface PrintedStatus {
  readonly overview: Overview
  /** What all groups may hold together, and do (null: a document cannot be read); null without a bound. */
  readonly cap: { readonly slots: number; readonly held: number | null } | null
  readonly details: StatusDetails
  readonly now: number
}

/** With a holder's id, it is what one has to type. */
const GROUP_COLUMN: Column = { heading: 'GROUP', isWhole: true }

/** Prints groups and holders for people: first all groups, then who holds, oldest first. */
export function printOverview(status: PrintedStatus, traits: TerminalTraits): string {
  const { overview, details } = status
  const lines: string[] = []
  if (overview.pause !== undefined) {
    lines.push(
      emphasise(`ALL GROUPS ARE PAUSED ${describePause(overview.pause)}`, 'red', traits),
      '',
    )
  }
  if (status.cap !== null && isReached(status.cap)) {
    const held = `${status.cap.held} of ${status.cap.slots} slots over all groups are held`
    lines.push(emphasise(`CAP  ${held}: no group is granted more`, 'red', traits), '')
  }
  const [heading = '', ...rows] = formatTable(
    [
      GROUP_COLUMN,
      { heading: 'SLOTS', isNumber: true },
      { heading: 'HELD', isNumber: true },
      { heading: 'FREE', isNumber: true },
      { heading: 'STATE' },
    ],
    overview.groups.map((group) => [
      printable(group.group),
      ...countsOf(group).map((count) => String(count ?? '?')),
      printable(describeState(group, status)),
    ]),
    traits.width,
  )
  lines.push(emphasise(heading, 'bold', traits), ...rows)
  const [holderHeading, ...holders] = holderLines(status, traits)
  if (holderHeading !== undefined) {
    lines.push('', emphasise(holderHeading, 'bold', traits), ...holders)
  }
  if (overview.groups.some(({ group }) => details.hasRemoteGates(group))) {
    lines.push('', 'Alerts and health checks are asked by the daemon only: see the status page.')
  }
  return `${lines.join('\n')}\n`
}

/** Nothing where nobody holds; names have a column only where one is known. */
function holderLines(
  { overview, details, now }: PrintedStatus,
  traits: TerminalTraits,
): readonly string[] {
  const holders = overview.groups.flatMap(({ group, holders: list }) =>
    list.map((holder) => ({ group, name: details.nameOf(holder.id), ...holder })),
  )
  if (holders.length === 0) return []
  const hasNames = holders.some(({ name }) => name !== undefined)
  return formatTable(
    [
      { heading: 'HOLDER', isWhole: true },
      ...(hasNames ? [{ heading: 'NAME' }] : []),
      GROUP_COLUMN,
      // HELD FOR says nearly the same, in less.
      { heading: 'SINCE', isWhole: true, mayBeLeftOut: true },
      { heading: 'HELD FOR' },
      { heading: 'BY', mayBeLeftOut: true },
    ],
    holders.map(({ id, name, group, since, by, isStale }) => [
      printableId(id),
      ...(hasNames ? [printable(name ?? '')] : []),
      printable(group),
      printable(since ?? 'unknown'),
      describeAge(now, since, isStale === true),
      printable(by ?? ''),
    ]),
    traits.width,
  )
}

/** Prints one group exactly as `locksmithctl status` does. */
export function printAsLocksmith(group: GroupOverview): string {
  const { totalSlots, holders } = group
  const lines = [`Available: ${freeSlots(group)}`, `Max: ${totalSlots}`]
  if (holders.length > 0) lines.push('', 'MACHINE ID', ...holders.map(({ id }) => printableId(id)))
  return `${lines.join('\n')}\n`
}

/** Prints the groups exactly as coreos/airlock's `ex get slots` does. */
export function printAsAirlock(groups: readonly GroupOverview[]): string {
  return groups
    .map(({ group, totalSlots, holders }) => {
      const owners = holders.map(({ id }) => ` - ${printableId(id)}\n`).sort()
      return `group: ${printable(group)}\n semaphore slots: ${totalSlots}\n lock owners:\n${owners.join('')}\n---\n`
    })
    .join('')
}

/** The overview as the documented JSON object of `airlock status --json`. */
export function overviewToJson({ overview, cap, details, now }: PrintedStatus): unknown {
  const { revision, pause, groups } = overview
  return {
    version: 1,
    revision,
    paused: pause ?? null,
    cap,
    groups: groups.map((group) => ({
      name: group.group,
      ...jsonCounts(group),
      paused: group.pause ?? null,
      cooldown:
        group.cooldown === undefined
          ? null
          : { ...group.cooldown, since: group.cooldown.since || null },
      calendar: details.calendarAt(group.group, now),
      problem: group.problem ?? null,
      stale: group.problem === undefined ? countStale(group) : null,
      holders: group.holders.map(({ id, since, by, isStale }) => ({
        id,
        name: details.nameOf(id) ?? null,
        since: since ?? null,
        by: by ?? null,
        stale: isStale ?? null,
      })),
    })),
  }
}

/** Slots, held and free; undefined where the document cannot be read. */
function countsOf(group: GroupOverview): readonly (number | undefined)[] {
  if (group.problem !== undefined) return [undefined, undefined, undefined]
  return [group.totalSlots, group.holders.length, freeSlots(group)]
}

function jsonCounts(group: GroupOverview): Readonly<Record<string, number | null>> {
  const [slots = null, held = null, free = null] = countsOf(group)
  return { slots, held, free }
}

function countStale({ holders }: GroupOverview): number {
  return holders.filter(({ isStale }) => isStale === true).length
}

function freeSlots({ totalSlots, holders }: GroupOverview): number {
  return Math.max(0, totalSlots - holders.length)
}

function isReached(cap: PrintedStatus['cap']): boolean {
  return cap !== null && cap.held !== null && cap.held >= cap.slots
}

/** The shortest first: a narrow terminal cuts the end. */
function describeState(group: GroupOverview, { cap, details, now }: PrintedStatus): string {
  const { pause, problem, cooldown, totalSlots, holders } = group
  if (problem !== undefined) return `BROKEN: ${problem}`
  const stale = countStale(group)
  const calendar = details.calendarAt(group.group, now)
  const configured = details.configuredSlots(group.group) ?? totalSlots
  const parts = [
    ...(stale > 0 ? [`${stale} stale`] : []),
    ...(totalSlots === 0 ? ['nobody may reboot'] : []),
    ...(isReached(cap) && freeSlots(group) > 0 ? ['cap reached'] : []),
    ...(configured !== totalSlots ? [`configured: ${configured}`] : []),
    ...(holders.length > totalSlots ? ['more holders than slots'] : []),
    ...(cooldown !== undefined ? [describeCooldown(cooldown, now)] : []),
    ...(calendar !== null ? [describeCalendar(calendar)] : []),
    ...(pause !== undefined ? [`paused ${describePause(pause)}`] : []),
  ]
  return parts.join('; ')
}

/** By the clock of who released: where that is wrong, it may be over and still be there. */
function describeCooldown({ since, seconds }: Cooldown, now: number): string {
  const restMs = Date.parse(since) + seconds * 1000 - now
  return restMs > 0 ? `cooldown, ${formatDuration(restMs)} left` : 'cooldown'
}

function describeCalendar({ open, changes_at, blackout }: CalendarReport): string {
  const state = open ? 'open' : blackout === null ? 'closed' : 'blackout, closed'
  return changes_at === null ? state : `${state} until ${changes_at.slice(0, 16)}Z`
}

function describeAge(now: number, since: string | undefined, isStale: boolean): string {
  if (since === undefined) return ''
  return `${formatDuration(now - Date.parse(since))}${isStale ? ' (stale)' : ''}`
}
