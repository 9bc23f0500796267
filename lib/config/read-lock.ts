import type { Findings } from './findings.js'
import type { Reading } from './read-fragment.js'
import type { GroupSettings, LockSettings } from './settings.js'

/** The groups: the default one, then those of the file. No two may share a name. */
export function readLock(reading: Reading, findings: Findings): LockSettings {
  const { lock } = reading.fragment
  const defaultPlace = reading.placeOf('lock.default_group_name')
  const groups: GroupSettings[] = [{ name: lock.default_group_name, slots: lock.default_slots }]
  // After a problem there, the name in the fragment is only the fallback.
  const isDefaultKnown = !findings.hasProblemAt(defaultPlace)
  const places = new Map<string, string>()
  for (const [index, { name, slots }] of lock.groups.entries()) {
    if (name === undefined) continue
    const place = `${reading.placeOfItem('lock.groups', index)}.name`
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
      groups.push({ name, slots: slots ?? lock.default_slots })
    }
  }
  return { defaultGroupName: lock.default_group_name, groups, slotsSource: lock.slots_source }
}
