import type { RebootWindow } from '../calendar/weekly-windows.js'
import type { Findings } from './findings.js'
import type { Reading } from './read-fragment.js'
import type { Fragment } from './schema.js'
import type { BlackoutSettings, GroupSettings } from './settings.js'

type WindowFragments = Fragment['lock']['window']

/** When the machines of the default group may take slots, or, with an index, those of a group. */
export function readCalendar(
  reading: Reading,
  index?: number,
): Pick<GroupSettings, 'timeZone' | 'windows'> {
  const { lock } = reading.fragment
  const group = index === undefined ? undefined : lock.groups[index]
  const timeZone = group?.time_zone ?? lock.time_zone
  const hasOwn = index !== undefined && reading.isGiven(`lock.groups[${index}].window`)
  const windows = readWindows(hasOwn ? (group?.window ?? []) : lock.window)
  return {
    ...(timeZone !== undefined && { timeZone }),
    ...(windows.length > 0 && { windows }),
  }
}

function readWindows(fragments: WindowFragments): readonly RebootWindow[] {
  return fragments.flatMap(({ days, start_time, length_minutes }) => {
    // A problem has been reported where one is missing.
    if (days === undefined || start_time === undefined || length_minutes === undefined) return []
    return { days, startTime: start_time, lengthMinutes: length_minutes }
  })
}

/** The days on which nobody reboots; they end after they begin. */
export function readBlackouts(
  reading: Reading,
  findings: Findings,
  checkGroups: (groups: readonly string[] | undefined, place: string) => void,
): readonly BlackoutSettings[] {
  const { blackout } = reading.fragment.lock
  return blackout.flatMap(({ from, to, reason, groups }, index) => {
    const place = reading.placeOfItem('lock.blackout', index)
    checkGroups(groups, place)
    if (from === undefined || to === undefined || reason === undefined) return []
    if (to < from) findings.problem(`${place}.to`, `is before "from", which is ${from}: ${to}`)
    return { from, to, reason, ...(groups !== undefined && { groups }) }
  })
}
