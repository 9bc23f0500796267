import { RebootCalendar, type Blackout, type CalendarRules } from './reboot-calendar.js'

/** A blackout, and the groups it holds for; all, where that is left out. */
export interface GroupBlackout extends Blackout {
  readonly groups?: readonly string[]
}

/** A group's name, its windows and their time zone. */
export type GroupRules = Omit<CalendarRules, 'blackouts'> & { readonly name: string }

/**
 * The calendar of a group, with those of all blackouts that concern it.
 *
 * @throws RangeError see RebootCalendar
 */
export function calendarOfGroup(
  { name, ...rules }: GroupRules,
  blackouts: readonly GroupBlackout[],
): RebootCalendar {
  const own = blackouts.filter(({ groups }) => groups?.includes(name) ?? true)
  return new RebootCalendar({ ...rules, blackouts: own })
}
