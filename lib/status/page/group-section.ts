import type { GroupReport, HoldReport, StatusReport } from '../status-report.js'
import { gateList } from './gate-list.js'
import { groupAnchor } from './group-anchor.js'
import { holderList, refusedList, waiterList } from './group-lists.js'
import { html, type Html } from './html.js'
import { isAbandoned, isStuck, slotsDiffer, type RankedGroup } from './severity.js'
import { slotBoxes } from './slots.js'
import { timelineFigure } from './timeline-figure.js'

/** All that is known of one group, below one line that says how it fares. */
export function groupSection(
  { group, severity, isOpen }: RankedGroup,
  holds: readonly HoldReport[],
  paused: StatusReport['paused'],
  now: number,
): Html {
  const { name, held, slots } = group
  const gates = gateList(group, paused, now)
  const timeline = timelineFigure(group, holds, now)
  const waiting = group.waiting > 0 && html`<b class="tag waiting">${group.waiting} waiting</b>`
  return html`<details
    id="${groupAnchor(name)}"
    class="group ${severity}"
    ${isOpen && html`open data-open=""`}
  >
    <summary>
      <h3><bdi>${name}</bdi></h3>
      ${slotBoxes(group)}
      <span class="held-of"><b>${held ?? '?'}</b> of ${slots} held</span>
      <span class="tags">${states(group).map(tag)}${waiting}</span>
    </summary>
    <div class="body">
      <div>${holderList(group, now)} ${waiterList(group, now)} ${refusedList(group, now)}</div>
      ${(gates !== false || timeline !== false) && html`<div>${gates} ${timeline}</div>`}
    </div>
  </details>`
}

function tag([look, words]: readonly [string, string]): Html {
  return html`<b class="tag ${look}">${words}</b> `
}

/** What to say of a group in a word each, the worst first. */
function states(group: GroupReport): readonly (readonly [string, string])[] {
  const { stale, paused, problem, calendar, cooldown, gates, configured, refused } = group
  const closed = gates.filter(({ gate }) => gate !== 'reboot_window' && gate !== 'blackout')
  const all: readonly (readonly [boolean, string, string])[] = [
    [problem !== null, 'stuck', 'unreadable'],
    [isStuck(group), 'stuck', 'stuck'],
    [(stale ?? 0) > 0, 'stale', `${stale ?? 0} stale`],
    [paused !== null, 'paused', 'paused'],
    [slotsDiffer(group), 'watch', `configured: ${group.configured_slots ?? 0}`],
    [!configured, isAbandoned(group) ? 'watch' : 'unknown', 'not configured'],
    [
      closed.some(({ state }) => state === 'error' || state === 'ignored_error'),
      'error',
      'gate error',
    ],
    [closed.some(({ state }) => state === 'closed'), 'closed', 'gate closed'],
    [calendar?.blackout != null, 'closed', 'blackout'],
    [calendar?.open === false && calendar.blackout === null, 'closed', 'window closed'],
    [cooldown !== null, 'closed', 'cooldown'],
    [refused.length > 0, 'refused', `${refused.length} refused`],
  ]
  return all.flatMap(([applies, look, words]) => (applies ? [[look, words] as const] : []))
}
