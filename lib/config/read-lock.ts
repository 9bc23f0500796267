import type { Findings } from './findings.js'
import type { Reading } from './read-fragment.js'
import { readStaleness } from './read-staleness.js'
import { readCalendar } from './read-windows.js'
import type { GroupSettings, LockSettings } from './settings.js'

/** The groups: the default one, then those of the file. No two may share a name. */
export function readLock(reading: Reading, findings: Findings): LockSettings {
  const { lock } = reading.fragment
  const defaultPlace = reading.placeOf('lock.default_group_name')
  const groups: GroupSettings[] = [
    {
      name: lock.default_group_name,
      slots: lock.default_slots,
      waitTimeoutMs: lock.wait_timeout_ms,
      cooldownSeconds: lock.cooldown_seconds,
      ...readStaleness(lock.stale_after_minutes, lock.default_stale_release, {
        findings,
        place: 'lock.default_stale_release',
      }),
      ...readCalendar(reading),
      ...access(lock.default_allowed_users, lock.default_allowed_ids),
    },
  ]
  if (lock.default_allowed_users !== undefined) {
    checkUsers(reading, findings, reading.placeOf('lock.default_allowed_users'))
  }
  // After a problem there, the name in the fragment is only the fallback.
  const isDefaultKnown = !findings.hasProblemAt(defaultPlace)
  const places = new Map<string, string>()
  for (const [
    index,
    {
      name,
      slots,
      wait_timeout_ms,
      cooldown_seconds,
      stale_after_minutes,
      stale_release,
      ...allowed
    },
  ] of lock.groups.entries()) {
    const tablePlace = reading.placeOfItem('lock.groups', index)
    if (allowed.allowed_users !== undefined) {
      checkUsers(reading, findings, `${tablePlace}.allowed_users`)
    }
    if (name === undefined) continue
    const staleAfterMinutes = stale_after_minutes ?? lock.stale_after_minutes
    const staleness = readStaleness(staleAfterMinutes, stale_release, {
      findings,
      place: `${tablePlace}.stale_release`,
    })
    const place = `${tablePlace}.name`
    const earlier = places.get(name)
    if (isDefaultKnown && name === lock.default_group_name) {
      findings.problem(
        place,
        `"${name}" is the default group's name already (${defaultPlace}); ` +
          'its slots are lock.default_slots',
      )
    } else if (earlier !== undefined) {
      findings.problem(place, `"${name}" is a group's name already (${earlier})`)
    } else {
      places.set(name, place)
      const users = allowed.allowed_users ?? lock.default_allowed_users
      const ids = allowed.allowed_ids ?? lock.default_allowed_ids
      groups.push({
        name,
        slots: slots ?? lock.default_slots,
        waitTimeoutMs: wait_timeout_ms ?? lock.wait_timeout_ms,
        cooldownSeconds: cooldown_seconds ?? lock.cooldown_seconds,
        ...staleness,
        ...readCalendar(reading, index),
        ...access(users, ids),
      })
    }
  }
  return {
    defaultGroupName: lock.default_group_name,
    groups,
    slotsSource: lock.slots_source,
    waitersMax: lock.waiters_max,
    ...(lock.total_slots_max !== undefined && { totalSlotsMax: lock.total_slots_max }),
  }
}

function access(
  users: readonly string[] | undefined,
  ids: readonly string[] | undefined,
): Pick<GroupSettings, 'allowedUsers' | 'allowedIds'> {
  return {
    ...(users !== undefined && { allowedUsers: users }),
    ...(ids !== undefined && { allowedIds: ids }),
  }
}

function checkUsers(reading: Reading, findings: Findings, place: string): void {
  if (reading.isGiven('service.htpasswd_path')) return
  findings.problem(place, 'needs service.htpasswd_path: without it nobody is asked for a user')
}
