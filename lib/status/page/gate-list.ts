import type { CalendarReport, GroupReport, StatusReport } from '../status-report.js'
import { gateTitle } from './gate-titles.js'
import { html, type Html } from './html.js'
import { pauseSentence } from './pause-sentence.js'
import { age, localMoment, remaining } from './times.js'

type GateReport = GroupReport['gates'][number]

/** What stands before a slot of the group, besides that one is free; false where nothing does. */
export function gateList(
  { calendar, gates, paused, cooldown, problem }: GroupReport,
  everything: StatusReport['paused'],
  now: number,
): Html | false {
  // The calendar says more than these two have said when they were asked last.
  const others = gates.filter(({ gate }) => gate !== 'reboot_window' && gate !== 'blackout')
  const rows = [
    problem !== null && row('closed', 'store', html`closed`, problem),
    paused !== null && row('closed', 'pause', html`paused`, pauseSentence(paused, now)),
    everything !== null &&
      row('closed', 'everything', html`paused`, pauseSentence(everything, now)),
    cooldown !== null && row('closed', 'cooldown', html`rests`, cooldownSentence(cooldown, now)),
    ...(calendar === null ? [] : calendarRows(calendar, now)),
    ...others.map((gate) => gateRow(gate, now)),
  ].filter((each) => each !== false)
  if (rows.length === 0) return false
  return html`<h4>Before a slot</h4>
    <ul class="gates">
      ${rows}
    </ul>`
}

function cooldownSentence(
  { since, seconds }: NonNullable<GroupReport['cooldown']>,
  now: number,
): Html {
  if (since === null) return html`up to ${seconds} s after a release`
  const end = new Date(Date.parse(since) + seconds * 1000).toISOString()
  return html`after a release, for ${remaining(end, now)}`
}

type GateState = 'open' | 'closed' | 'error' | 'unknown'

function row(state: GateState, title: string, word: Html, more: string | Html | null): Html {
  return html`<li>
    <span class="gate">${title}</span>
    <span
      ><b class="tag ${state}">${word}</b> ${
        more !== null && html`<span class="why">${more}</span>`
      }</span
    >
  </li>`
}

function calendarRows(calendar: CalendarReport, now: number): readonly (Html | false)[] {
  const { open, blackout, changes_at: at, time_zone: timeZone } = calendar
  const change =
    at === null
      ? null
      : html`${open ? 'until' : 'opens'} ${localMoment(at, timeZone, now)} ${timeZone} (in
        ${remaining(at, now)})`
  return [
    blackout !== null &&
      row(
        'closed',
        'blackout',
        html`closed`,
        html`${blackout.reason}, until ${localMoment(blackout.until, timeZone, now)} ${timeZone}
        (for ${remaining(blackout.until, now)})`,
      ),
    row(open ? 'open' : 'closed', 'reboot windows', open ? html`open` : html`closed`, change),
  ]
}

const WORDS = {
  not_asked: ['unknown', 'not asked yet'],
  open: ['open', 'open'],
  closed: ['closed', 'closed'],
  error: ['error', 'error'],
  ignored_error: ['error', 'error, counts as open'],
} as const satisfies Record<GateReport['state'], readonly [GateState, string]>

function gateRow({ gate, state, since, asked_at: askedAt, reason }: GateReport, now: number): Html {
  const [look, words] = WORDS[state]
  const parts = [
    reason,
    since !== null && html`for ${age(since, now)}`,
    askedAt !== null && html`asked ${age(askedAt, now)} ago`,
  ].filter((part) => part !== null && part !== false)
  const more = parts.map((part, index) => html`${index > 0 && ', '}${part}`)
  return row(look, gateTitle(gate), html`${words}`, parts.length === 0 ? null : html`${more}`)
}
