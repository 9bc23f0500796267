import type { GroupReport, HolderReport } from '../status-report.js'
import { MAX_HOLDERS_SHOWN, MAX_WAITING_SHOWN } from './bounds.js'
import { html, type Html } from './html.js'
import { BEFORE_UNLOCKING, nodeId, unlockLine } from './node-id.js'
import { age } from './times.js'

/** Who holds a slot, the oldest first, and how to take it back from a stale one. */
export function holderList({ name, held, holders }: GroupReport, now: number): Html {
  if (held === null) {
    return html`<p class="nobody">
      This replica has not looked at the whole store yet: who holds is not known.
    </p>`
  }
  if (holders.length === 0) return html`<p class="nobody">Nobody holds a slot.</p>`
  const isAnyStale = holders.some(({ stale }) => stale)
  const row = (holder: HolderReport): Html => holderRow(holder, name, now)
  return html`<h4>Holders</h4>
    ${folded(holders, row, MAX_HOLDERS_SHOWN, 'holders')}
    ${isAnyStale && html`<p class="first">${BEFORE_UNLOCKING}</p>`}`
}

function holderRow(holder: HolderReport, group: string, now: number): Html {
  const { id, since, by, stale } = holder
  return html`<li class="${stale ? 'stale' : 'held'}">
    <span class="node">${nodeId(holder)}</span>
    <span class="for"
      >${stale && html`<b class="tag stale">stale</b> `}${
        since === null ? 'since unknown' : age(since, now)
      }</span
    >
    ${by !== null && html`<span class="by">by <bdi>${by}</bdi></span>`}
    ${stale && unlockLine(id, group)}
  </li>`
}

/** Who waits for a slot at this replica, in their order. */
export function waiterList({ waiting, waiters }: GroupReport, now: number): Html | false {
  if (waiting === 0) return false
  const row = (waiter: GroupReport['waiters'][number]): Html =>
    html`<li>
      <span class="node">${nodeId(waiter)}</span>
      <span class="for">${age(waiter.since, now)}</span>
      ${waiter.reason !== null && html`<span class="why">${waiter.reason}</span>`}
    </li>`
  return html`<h4>Waiting here</h4>
    ${folded(waiters, row, MAX_WAITING_SHOWN, 'waiters')}
    ${
      waiting > waiters.length &&
      html`<p class="more">And ${waiting - waiters.length} more behind them.</p>`
    }`
}

/** Whom this replica has refused lately, and why. */
export function refusedList({ refused }: GroupReport, now: number): Html | false {
  if (refused.length === 0) return false
  const row = (machine: GroupReport['refused'][number]): Html =>
    html`<li>
      <span class="node">${nodeId(machine)}</span>
      <span class="for">${age(machine.at, now)} ago</span>
      <span class="why">${machine.reason}</span>
    </li>`
  return html`<h4>Refused here lately</h4>
    ${folded(refused, row, MAX_WAITING_SHOWN, 'refused')}`
}

/** The first so many, and the others behind a click. */
function folded<T>(all: readonly T[], row: (each: T) => Html, shown: number, what: string): Html {
  const list = (some: readonly T[]): Html =>
    html`<ul class="nodes ${what}">
      ${some.map(row)}
    </ul>`
  const rest = all.slice(shown)
  if (rest.length === 0) return list(all)
  return html`${list(all.slice(0, shown))}
    <details class="rest">
      <summary>${rest.length} more</summary>
      ${list(rest)}
    </details>`
}
