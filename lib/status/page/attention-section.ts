import type { StatusReport } from '../status-report.js'
import { isUrgent, type Attention } from './attention.js'
import { MAX_ATTENTION_ITEMS, MAX_STUCK_NAMED } from './bounds.js'
import { gateTitle } from './gate-titles.js'
import { groupAnchor } from './group-anchor.js'
import { html, type Html } from './html.js'
import { BEFORE_UNLOCKING, nodeId, unlockLine } from './node-id.js'
import { pauseSentence } from './pause-sentence.js'
import { count } from './plural.js'
import { age } from './times.js'

/** What a look at 3 a.m. has to find: how it stands in one line, and what to do about it. */
export function attentionSection(
  report: StatusReport,
  attention: readonly Attention[],
  now: number,
): Html {
  const urgent = attention.filter(isUrgent).length
  const state = urgent > 0 ? 'urgent' : attention.length > 0 ? 'watch' : 'well'
  const shown = attention.slice(0, MAX_ATTENTION_ITEMS)
  const rest = attention.length - shown.length
  return html`<section id="attention" class="attention ${state}" aria-labelledby="verdict">
    <h2 id="verdict"><span role="status">${verdict(urgent, attention.length)}</span></h2>
    <p class="figures">${figures(report)}</p>
    ${
      shown.length > 0 &&
      html`<ul>
        ${shown.map((each) => attentionItem(each, now))}
      </ul>`
    }
    ${rest > 0 && html`<p>And ${rest} more, in the groups below.</p>`}
  </section>`
}

function verdict(urgent: number, all: number): string {
  if (urgent > 0) {
    const others = all - urgent
    return `${count(urgent, 'thing')} to act on${others > 0 ? `, ${others} to know of` : ''}`
  }
  return all > 0 ? `${count(all, 'thing')} to know of` : 'All is well'
}

function figures({ groups, cap }: StatusReport): Html {
  const sum = (of: (group: StatusReport['groups'][number]) => number): number =>
    groups.reduce((total, group) => total + of(group), 0)
  const isKnown = groups.every((group) => group.held !== null)
  const held = isKnown ? sum((group) => group.held ?? 0) : '?'
  const slots = sum((group) => group.slots)
  const waiting = sum((group) => group.waiting)
  const refused = sum((group) => group.refused.length)
  return html`<span><b>${held}</b> of ${slots} slots held</span>
    <span><b>${groups.length}</b> ${groups.length === 1 ? 'group' : 'groups'}</span>
    <span><b>${waiting}</b> waiting</span>
    <span><b>${refused}</b> refused lately</span>
    ${cap !== null && html`<span>cap over all groups: <b>${cap.held ?? '?'}</b> of ${cap.slots}</span>`}`
}

function attentionItem(attention: Attention, now: number): Html {
  const group = 'group' in attention ? attention.group : null
  const { title, details } = describe(attention, now)
  const name = group !== null && html`<a href="#${groupAnchor(group)}">${group}</a>`
  return html`<li class="${isUrgent(attention) ? 'urgent' : 'watch'}">
    <h3>${name} ${title}</h3>
    ${details}
  </li>`
}

interface Description {
  readonly title: string
  readonly details?: Html | undefined
}

function describe(attention: Attention, now: number): Description {
  switch (attention.kind) {
    case 'store_down':
      return describeStoreDown(attention, now)
    case 'endpoints_down':
      return {
        title: 'Part of the store does not answer',
        details: html`<p>${attention.endpoints.join(', ')}: the others do, and locks work.</p>`,
      }
    case 'all_paused':
      return {
        title: 'Everything is paused',
        details: html`<p>
          ${pauseSentence(attention.pause, now)} To end it: <code>airlock resume</code>
        </p>`,
      }
    case 'problem':
      return {
        title: 'cannot be read from the store',
        details: html`<p>${attention.problem}. It is left as it is, and nobody is granted.</p>`,
      }
    case 'stuck':
      return describeStale(attention, 'is stuck: no slot free', now)
    case 'stale':
      return describeStale(attention, `has ${count(attention.free, 'slot')} free`, now)
    case 'paused':
      return {
        title: 'is paused',
        details: html`<p>
          ${pauseSentence(attention.pause, now)} To end it:
          <code>airlock resume -g ${attention.group}</code>
        </p>`,
      }
    case 'gate_error':
      return {
        title: `cannot ask its ${gateTitle(attention.gate)}`,
        details: html`<p>
          ${attention.reason ?? 'No reason is known'};
          ${attention.isIgnored ? 'it counts as open.' : 'it counts as closed.'}
        </p>`,
      }
    case 'slots_differ':
      return {
        title: `has ${count(attention.stored, 'slot')}, and ${attention.configured} in this replica's configuration`,
      }
    case 'too_many':
      return { title: `has ${attention.held} holders for ${count(attention.slots, 'slot')}` }
    case 'abandoned':
      return {
        title: `is not configured here, and ${count(attention.held, 'machine')} still hold a slot`,
      }
  }
}

function describeStoreDown(
  { reason, seenAt }: Extract<Attention, { kind: 'store_down' }>,
  now: number,
): Description {
  return {
    title: 'The store cannot be reached',
    details: html`<p>
      No slot is granted or taken back meanwhile.
      ${
        seenAt === null
          ? 'It has not been read since this replica started.'
          : html`What is below is <b>${age(seenAt, now)}</b> old.`
      }
      ${reason !== null && html`<br /><code class="error">${reason}</code>`}
    </p>`,
  }
}

function describeStale(
  { group, stale }: Extract<Attention, { kind: 'stuck' | 'stale' }>,
  title: string,
  now: number,
): Description {
  const named = stale.slice(0, MAX_STUCK_NAMED)
  const rest = stale.length - named.length
  return {
    title: `${title}, ${stale.length} held for too long`,
    details: html`<ul class="stale">
        ${named.map(
          (holder) =>
            html`<li>
              ${nodeId(holder)}
              ${
                holder.since === null
                  ? 'for unknown time'
                  : html`for <b>${age(holder.since, now)}</b>`
              }<br />${unlockLine(holder.id, group)}
            </li>`,
        )}
      </ul>
      ${rest > 0 && html`<p>And ${count(rest, 'machine')} more, in the group.</p>`}
      <p>${BEFORE_UNLOCKING}</p>`,
  }
}
