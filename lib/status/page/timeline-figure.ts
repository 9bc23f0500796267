import type { GroupReport, HoldReport } from '../status-report.js'
import { MAX_TIMELINE_ROWS } from './bounds.js'
import { html, type Html } from './html.js'
import { nodeId } from './node-id.js'
import { count } from './plural.js'
import { age, moment, printDuration, printMoment } from './times.js'
import { isHeld, layOut, type Bar, type Timeline, type TimelineRow } from './timeline.js'

/** When each machine held a slot: drawn, and as a table for who does not see it or wants it exact. */
export function timelineFigure(
  { name, holders }: GroupReport,
  holds: readonly HoldReport[],
  now: number,
): Html | false {
  if (holds.length === 0) return false
  const timeline = layOut(holds, now, MAX_TIMELINE_ROWS)
  const { from, to } = timeline.span
  const stale = new Set(holders.filter((holder) => holder.stale).map(({ id }) => id))
  return html`<h4>Last ${printDuration(to - from)} <span class="unit">UTC</span></h4>
    <div class="timeline" aria-hidden="true">
      ${timeline.rows.map((each) => rowOf(each, timeline, { now, stale }))}
      <div class="row axis"><span></span>${axis(timeline, now)}</div>
    </div>
    ${timeline.more > 0 && html`<p class="more">${count(timeline.more, 'machine')} before these</p>`}
    ${holdTable(name, holds, now)}`
}

interface Look {
  readonly now: number
  /** The machines that hold for too long. */
  readonly stale: ReadonlySet<string>
}

function rowOf({ id, name, bars }: TimelineRow, { ticks }: Timeline, look: Look): Html {
  return html`<div class="row">
    <span class="label" title="${id}"><bdi>${name ?? id}</bdi></span>
    <svg height="14" width="100%">
      ${ticks.map(({ share }) => html`<line x1="${percent(share)}" x2="${percent(share)}" y2="14" />`)}
      ${bars.map((bar) => barOf(bar, look))}
    </svg>
  </div>`
}

function barOf({ start, width, hold }: Bar, { now, stale }: Look): Html {
  const state = !isHeld(hold) ? 'past' : stale.has(hold.id) ? 'stale' : 'held'
  const from = hold.from === null ? 'unknown' : printMoment(Date.parse(hold.from), now)
  const to = isHeld(hold)
    ? 'now'
    : hold.to === null
      ? 'unknown'
      : printMoment(Date.parse(hold.to), now)
  return html`<rect
    class="${state}"
    x="${percent(start)}"
    width="${percent(width)}"
    y="2"
    height="10"
    rx="2"
  >
    <title>${from} to ${to}</title>
  </rect>`
}

function axis({ ticks }: Timeline, now: number): Html {
  // A label at the very edge would be cut off.
  const inside = ticks.filter(({ share }) => share > 0.05 && share < 0.95)
  return html`<svg height="14" width="100%">
    ${inside.map(
      ({ at, share }) =>
        html`<text x="${percent(share)}" y="11" text-anchor="middle"
          >${printMoment(at, now)}</text
        >`,
    )}
  </svg>`
}

function percent(share: number): string {
  return `${Math.round(share * 10_000) / 100}%`
}

function holdTable(group: string, holds: readonly HoldReport[], now: number): Html {
  const rows = [...holds].reverse().map(
    (hold) =>
      html`<tr>
        <td>${nodeId(hold)}</td>
        <td>${hold.from === null ? 'unknown' : moment(hold.from, now)}</td>
        <td>${isHeld(hold) ? 'holds' : hold.to === null ? 'unknown' : moment(hold.to, now)}</td>
        <td>${lengthOf(hold, now)}</td>
        <td>${hold.ended}</td>
      </tr>`,
  )
  return html`<details class="rest">
    <summary>As a table</summary>
    <div class="wide" tabindex="0" role="region" aria-label="Times of holding in ${group}">
      <table>
        <thead>
          <tr>
            <th scope="col">Machine</th>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">For</th>
            <th scope="col">Ended</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </details>`
}

function lengthOf(hold: HoldReport, now: number): Html | string {
  const { from, to } = hold
  if (from === null) return ''
  if (to !== null) return printDuration(Date.parse(to) - Date.parse(from))
  return isHeld(hold) ? age(from, now) : ''
}
