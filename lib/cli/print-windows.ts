import { calendarOfGroup } from '../calendar/calendar-of-group.js'
import type { ComingBlackout, ComingWindow } from '../calendar/reboot-calendar.js'
import type { TimeZone } from '../calendar/time-zone.js'
import type { BlackoutSettings, GroupSettings } from '../config/settings.js'
import { formatDuration } from '../terminal/format-duration.js'
import { emphasise, type TerminalTraits } from '../terminal/style.js'
import { formatTable } from '../terminal/table.js'

/** When the machines of one group may take slots. */
export interface GroupCalendar {
  readonly group: string
  readonly zone: TimeZone
  readonly hasWindows: boolean
  readonly isOpen: boolean
  /** When they may next, if not now. */
  readonly nextOpening: number
  readonly windows: readonly ComingWindow[]
  readonly blackouts: readonly ComingBlackout[]
}

/** Looks into the calendars of groups at `now`, for their next `count` windows. */
export function describeCalendars(
  groups: readonly GroupSettings[],
  blackouts: readonly BlackoutSettings[],
  { now, count }: { readonly now: number; readonly count: number },
): readonly GroupCalendar[] {
  return groups.map((group) => {
    const calendar = calendarOfGroup(group, blackouts)
    return {
      group: group.name,
      zone: calendar.zone,
      hasWindows: calendar.hasWindows,
      isOpen: calendar.isOpen(now),
      nextOpening: calendar.nextOpening(now),
      windows: calendar.comingWindows(now, count),
      blackouts: calendar.comingBlackouts(now),
    }
  })
}

/** Prints calendars for people: local times first, then UTC. */
export function printCalendars(
  calendars: readonly GroupCalendar[],
  now: number,
  traits: TerminalTraits,
): string {
  return calendars
    .map((calendar) => {
      const { group, zone, windows, blackouts } = calendar
      const title = `${group} (${zone.name}): ${describeState(calendar, now)}`
      return [
        emphasise(title, 'bold', traits),
        ...(windows.length > 0 ? formatTable(WINDOW_COLUMNS, windows.map(windowRow(zone))) : []),
        ...(blackouts.length > 0
          ? formatTable(BLACKOUT_COLUMNS, blackouts.map(blackoutRow(zone)))
          : []),
      ]
        .map((line) => `${line}\n`)
        .join('')
    })
    .join('\n')
}

/** The calendars as the documented JSON object of `airlock windows --json`. */
export function calendarsToJson(calendars: readonly GroupCalendar[], now: number): unknown {
  return {
    version: 1,
    at: new Date(now).toISOString(),
    groups: calendars.map((calendar) => {
      const { group, zone, isOpen, hasWindows, nextOpening, windows, blackouts } = calendar
      return {
        name: group,
        time_zone: zone.name,
        has_windows: hasWindows,
        open: isOpen,
        next_opening: isOpen ? null : new Date(nextOpening).toISOString(),
        windows: windows.map((window) => ({
          opens: new Date(window.opensAt).toISOString(),
          closes: window.closesAt === null ? null : new Date(window.closesAt).toISOString(),
          opens_local: zone.format(window.opensAt),
          closes_local: window.closesAt === null ? null : zone.format(window.closesAt),
          blacked_out: window.isBlackedOut,
          blackouts: window.blackouts.map(({ reason }) => reason),
        })),
        blackouts: blackouts.map(({ blackout, begins, ends }) => ({
          from: blackout.from,
          to: blackout.to,
          reason: blackout.reason,
          begins: new Date(begins).toISOString(),
          ends: new Date(ends).toISOString(),
        })),
      }
    }),
  }
}

const WINDOW_COLUMNS = ['OPENS', 'CLOSES', 'OPENS (UTC)', 'CLOSES (UTC)', 'FOR', 'BLACKOUT'].map(
  (heading) => ({ heading }),
)

const BLACKOUT_COLUMNS = ['BLACKOUT FROM', 'UNTIL', 'FROM (UTC)', 'UNTIL (UTC)', 'REASON'].map(
  (heading) => ({ heading }),
)

function describeState({ isOpen, hasWindows, nextOpening }: GroupCalendar, now: number): string {
  if (isOpen) return hasWindows ? 'open' : 'open, without windows'
  return `closed, opens in ${formatDuration(nextOpening - now)}`
}

function windowRow(zone: TimeZone) {
  return ({ opensAt, closesAt, blackouts, isBlackedOut }: ComingWindow): readonly string[] => {
    const reasons = blackouts.map(({ reason }) => reason).join(', ')
    const ends = closesAt === null ? ['never', 'never'] : [local(zone, closesAt), utc(closesAt)]
    const [closes = '', closesUtc = ''] = ends
    const length = closesAt === null ? '' : formatDuration(closesAt - opensAt)
    const note = reasons === '' || isBlackedOut ? reasons : `in part: ${reasons}`
    return [local(zone, opensAt), closes, utc(opensAt), closesUtc, length, note]
  }
}

function blackoutRow(zone: TimeZone) {
  return ({ blackout, begins, ends }: ComingBlackout): readonly string[] => {
    return [local(zone, begins), local(zone, ends), utc(begins), utc(ends), blackout.reason]
  }
}

/** `Sat 2026-11-21 23:30`, on the zone's clock. */
function local(zone: TimeZone, instant: number): string {
  const text = zone.format(instant).slice(0, 16)
  const weekday = new Date(`${text}Z`).toUTCString().slice(0, 3)
  return `${weekday} ${text.replace('T', ' ')}`
}

function utc(instant: number): string {
  return new Date(instant).toISOString().slice(0, 16).replace('T', ' ')
}
