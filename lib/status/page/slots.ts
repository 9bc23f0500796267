import type { GroupReport } from '../status-report.js'
import { MAX_BOXES } from './bounds.js'
import { html, type Html } from './html.js'
import { count } from './plural.js'

/** The slots as a row of boxes, the stale ones first; of many, a bar with their shares. */
export function slotBoxes({ slots, held, free, stale }: GroupReport): Html {
  if (held === null || free === null || stale === null) return unknownSlots(slots)
  const all = Math.max(slots, held)
  const parts = [`${count(slots, 'slot')}: ${held} held`, `${free} free`]
  const label = stale > 0 ? [...parts, `${stale} stale`].join(', ') : parts.join(', ')
  if (all === 0) return html`<span class="slots none">no slots</span>`
  const fresh = held - stale
  if (all > MAX_BOXES) return slotBar({ all, stale, fresh }, label)
  return html`<span class="slots" role="img" aria-label="${label}" title="${label}"
    >${boxes(stale, 'stale')}${boxes(fresh, 'held')}${boxes(free, 'free')}</span
  >`
}

function unknownSlots(slots: number): Html {
  const label = `${count(slots, 'slot')}: not known who holds`
  return html`<span class="slots" role="img" aria-label="${label}" title="${label}"
    >${boxes(Math.min(slots, MAX_BOXES), 'unknown')}</span
  >`
}

function boxes(number: number, state: 'stale' | 'held' | 'free' | 'unknown'): readonly Html[] {
  return Array.from({ length: Math.max(0, number) }, () => html`<i class="${state}"></i>`)
}

const BAR_WIDTH = 200

function slotBar(
  { all, stale, fresh }: { readonly all: number; readonly stale: number; readonly fresh: number },
  label: string,
): Html {
  const share = (number: number): number => Math.round((number / all) * BAR_WIDTH * 10) / 10
  return html`<svg
    class="bar"
    role="img"
    aria-label="${label}"
    viewBox="0 0 ${BAR_WIDTH} 14"
    preserveAspectRatio="none"
  >
    <rect class="free" width="${BAR_WIDTH}" height="14" />
    <rect class="held" x="${share(stale)}" width="${share(fresh)}" height="14" />
    <rect class="stale" width="${share(stale)}" height="14" />
  </svg>`
}
