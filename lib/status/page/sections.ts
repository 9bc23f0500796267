import type { HoldReport, StatusReport } from '../status-report.js'
import { attentionSection } from './attention-section.js'
import { findAttention } from './attention.js'
import { MAX_OPEN_GROUPS, MAX_TIMELINE_ROWS } from './bounds.js'
import { groupAnchor } from './group-anchor.js'
import { groupSection } from './group-section.js'
import type { Html } from './html.js'
import { rankGroups } from './severity.js'
import { storeSection } from './store-section.js'
import { phaseOf } from './timeline.js'

/** A part of the page that is drawn, and sent when it has changed, by itself. */
export interface Section {
  /** The id of its element. */
  readonly id: string
  /** Whether it is one of the groups, which come and go and change their order. */
  readonly isGroup: boolean
  /** Equal to that of an earlier section of this id: nothing is to be seen that has changed. */
  readonly key: string
  /** Draws it; ages count up to `now`, in milliseconds since the epoch. */
  readonly draw: (now: number) => Html
}

/** All parts of the page, in their order. */
export function sectionsOf(report: StatusReport): readonly Section[] {
  const groups = rankGroups(report, MAX_OPEN_GROUPS)
  const attention = findAttention(report, groups)
  const holdsOf = new Map<string, HoldReport[]>()
  for (const hold of report.timeline) {
    const holds = holdsOf.get(hold.group)
    if (holds === undefined) holdsOf.set(hold.group, [hold])
    else holds.push(hold)
  }
  const { paused } = report
  return [
    fixed('attention', (now) => attentionSection(report, attention, now)),
    ...groups.map((ranked): Section => {
      const holds = holdsOf.get(ranked.group.name) ?? []
      const phase = holds.length > 0 && phaseOf(holds, Date.parse(report.at), MAX_TIMELINE_ROWS)
      return {
        id: groupAnchor(ranked.group.name),
        isGroup: true,
        key: keyOf([ranked, holds, paused, phase]),
        draw: (now) => groupSection(ranked, holds, paused, now),
      }
    }),
    fixed('store', (now) => storeSection(report, now)),
  ]
}

/** One of those that are always there: small enough to be drawn in order to be compared. */
function fixed(id: string, draw: Section['draw']): Section {
  // Ages do not count in it: before the epoch nothing has any.
  return { id, isGroup: false, key: draw(0).toString(), draw }
}

/** What a group is drawn from, less what the browser counts on by itself. */
function keyOf(parts: unknown): string {
  return JSON.stringify(parts, (name, value: unknown) =>
    name === 'held_seconds' || name === 'isOpen' ? undefined : value,
  )
}
