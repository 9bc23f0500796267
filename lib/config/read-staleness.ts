import type { Findings } from './findings.js'
import type { Fragment } from './schema.js'
import type { GroupSettings } from './settings.js'

/** When a group's holders are stale, and whether they are released by themselves. */
export function readStaleness(
  staleAfterMinutes: number,
  release: Fragment['lock']['default_stale_release'],
  { findings, place }: { readonly findings: Findings; readonly place: string },
): Pick<GroupSettings, 'staleAfterMinutes' | 'staleRelease'> {
  const { after_minutes: afterMinutes, at_most_per_day: atMostPerDay } = release
  if (afterMinutes === undefined && atMostPerDay === undefined) return { staleAfterMinutes }
  for (const key of ['after_minutes', 'at_most_per_day'] as const) {
    const path = `${place}.${key}`
    const isMissing = release[key] === undefined && !findings.hasProblemAt(path)
    if (isMissing) findings.problem(path, 'is missing: stale_release needs both of its keys')
  }
  if (afterMinutes === undefined || atMostPerDay === undefined) return { staleAfterMinutes }
  if (staleAfterMinutes === 0) {
    findings.problem(place, 'needs stale_after_minutes above 0: no holder of this group is stale')
  } else if (afterMinutes < staleAfterMinutes) {
    findings.problem(
      `${place}.after_minutes`,
      `must be at least stale_after_minutes, which is ${staleAfterMinutes}, got ${afterMinutes}`,
    )
  }
  return { staleAfterMinutes, staleRelease: { afterMinutes, atMostPerDay } }
}
