import type { HoldReport } from '../status-report.js'

/** A stretch of time, in milliseconds since the epoch. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** One time of holding, in shares of the whole width. */
export interface Bar {
  readonly start: number
  readonly width: number
  readonly hold: HoldReport
}

/** All that one machine has held. */
export interface TimelineRow {
  readonly id: string
  readonly name: string | null
  readonly bars: readonly Bar[]
}

/** What is drawn of a group's holds, the machine that began first on top. */
export interface Timeline {
  readonly span: Span
  readonly rows: readonly TimelineRow[]
  /** How many machines are left out. */
  readonly more: number
  /** Where to write the time: at round ones, in shares of the whole width. */
  readonly ticks: readonly { readonly at: number; readonly share: number }[]
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** The spans to choose from: the shortest that has all, so that a rollout fills the width. */
const SPANS = [
  HOUR_MS / 2,
  HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  DAY_MS,
  3 * DAY_MS,
  7 * DAY_MS,
  30 * DAY_MS,
] as const

/** Distances of ticks, of which the first is taken that gives at most {@link MAX_TICKS}. */
const STEPS = [5, 10, 30, 60, 120, 240, 720, 1440, 2880, 10_080].map((step) => step * MINUTE_MS)

/** As many as can be read on a phone. */
const MAX_TICKS = 4

/** By which share of its width a timeline moves before it is drawn anew: a pixel or two. */
const STEP_SHARE = 1 / 180

/** A bar is never drawn shorter than this share: a quick reboot in a week has to be seen, too. */
const MIN_WIDTH = 0.006

/** Lays out the holds of one group up to `now`; the last `maxRows` machines of it. */
export function layOut(holds: readonly HoldReport[], now: number, maxRows: number): Timeline {
  const began = (hold: HoldReport): number =>
    hold.from === null ? -Infinity : Date.parse(hold.from)
  const ids = [...new Set([...holds].sort((a, b) => began(a) - began(b)).map(({ id }) => id))]
  // The last to begin are what a rollout is at; who holds still is never left out.
  const holding = new Set(holds.filter(isHeld).map(({ id }) => id))
  const byInterest = new Set([...ids.filter((id) => holding.has(id)), ...[...ids].reverse()])
  const last = new Set([...byInterest].slice(0, maxRows))
  const shownIds = ids.filter((id) => last.has(id))
  const shown = holds.filter(({ id }) => last.has(id))
  const span = { from: now - lengthOf(shown, now), to: now }
  return {
    span,
    rows: shownIds.map((id) => {
      const own = shown.filter((hold) => hold.id === id)
      return { id, name: own[0]?.name ?? null, bars: own.map((hold) => barOf(hold, span)) }
    }),
    more: ids.length - shownIds.length,
    ticks: ticksOf(span),
  }
}

/**
 * When a timeline has to be drawn anew though its holds are the same: what it says of two moments is
 * equal while the same span is shown, the same day is today, and all has hardly moved.
 */
export function phaseOf(holds: readonly HoldReport[], now: number, maxRows: number): string {
  const { from, to } = layOut(holds, now, maxRows).span
  const steps = Math.floor(now / ((to - from) * STEP_SHARE))
  return [to - from, Math.floor(now / DAY_MS), steps].join(' ')
}

/** Whether it goes on; one that is over may have an end that nobody has recorded. */
export function isHeld({ ended }: HoldReport): boolean {
  return ended === null
}

/** The shortest span that has all of which the time is known. */
function lengthOf(holds: readonly HoldReport[], now: number): number {
  const known = holds.flatMap(({ from, to }) => from ?? to ?? [])
  const needed = now - Math.min(now, ...known.map((at) => Date.parse(at)))
  return SPANS.find((each) => needed <= each * 0.98) ?? Math.ceil(needed / DAY_MS) * DAY_MS
}

function barOf(hold: HoldReport, { from, to }: Span): Bar {
  const share = (at: string | null, otherwise: number): number =>
    at === null ? otherwise : Math.min(1, Math.max(0, (Date.parse(at) - from) / (to - from)))
  const start = Math.min(share(hold.from, 0), 1 - MIN_WIDTH)
  const end = share(hold.to, isHeld(hold) ? 1 : start)
  return { start, width: Math.max(end - start, MIN_WIDTH), hold }
}

function ticksOf({ from, to }: Span): Timeline['ticks'] {
  const step = STEPS.find((each) => (to - from) / each <= MAX_TICKS) ?? (to - from) / MAX_TICKS
  const first = Math.ceil(from / step) * step
  const ticks: { at: number; share: number }[] = []
  for (let at = first; at <= to; at += step) ticks.push({ at, share: (at - from) / (to - from) })
  return ticks
}
