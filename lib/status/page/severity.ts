import type { GroupReport, StatusReport } from '../status-report.js'

/** What a group is to an operator, the worst first. */
export const SEVERITIES = ['stuck', 'watch', 'busy', 'quiet'] as const

/** `stuck`: nobody gets on without an operator; `watch`: somebody has to know; the others are well. */
export type Severity = (typeof SEVERITIES)[number]

/** How a group fares. */
export function severityOf(group: GroupReport): Severity {
  if (group.problem !== null || isStuck(group)) return 'stuck'
  // What is not known is no trouble of the group.
  const held = group.held ?? 0
  const isUnexpected = slotsDiffer(group) || isAbandoned(group) || held > group.slots
  if ((group.stale ?? 0) > 0 || group.paused !== null || isUnexpected) return 'watch'
  if (group.gates.some(({ state }) => state === 'error' || state === 'ignored_error'))
    return 'watch'
  const isBusy = held > 0 || group.waiting > 0 || group.refused.length > 0
  return isBusy ? 'busy' : 'quiet'
}

/** Whether machines that never came back have the last of its slots. */
export function isStuck({ stale, free }: GroupReport): boolean {
  return (stale ?? 0) > 0 && free === 0
}

/** Whether somebody has set other slots than this replica's configuration says. */
export function slotsDiffer({ slots, configured_slots }: GroupReport): boolean {
  return configured_slots !== null && configured_slots !== slots
}

/** Whether machines hold slots of a group that this replica does not have. */
export function isAbandoned({ configured, held }: GroupReport): boolean {
  return !configured && (held ?? 0) > 0
}

/** What is drawn of all groups, in its order: those that need attention come first. */
export interface RankedGroup {
  readonly group: GroupReport
  readonly severity: Severity
  /** Whether it shows all that it has before somebody asks. */
  readonly isOpen: boolean
}

/**
 * The groups in the order in which they are shown. Of few groups the busy ones stay in their places; of
 * many they come before those where nothing happens.
 */
export function rankGroups({ groups }: StatusReport, maxOpen: number): readonly RankedGroup[] {
  const isShort = groups.length <= maxOpen
  const rank = ({ severity }: { readonly severity: Severity }): number => {
    const place = SEVERITIES.indexOf(severity)
    return isShort ? Math.min(place, SEVERITIES.indexOf('busy')) : place
  }
  return groups
    .map((group) => ({ group, severity: severityOf(group) }))
    .sort((a, b) => rank(a) - rank(b))
    .map(({ group, severity }, place) => {
      const isWorthIt = severity !== 'quiet' && (isShort || severity !== 'busy')
      return { group, severity, isOpen: isWorthIt && place < maxOpen }
    })
}
