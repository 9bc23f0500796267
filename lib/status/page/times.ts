import { html, type Html } from './html.js'

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** A duration in its two largest units, from minutes on: `45 s`, `12 min`, `3 h 12 min`, `2 d 4 h`. */
// web/page.js counts on in the same words.
export function printDuration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds)
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`
  if (ms < DAY_MS) return pair(ms, HOUR_MS, 'h', MINUTE_MS, 'min')
  return pair(ms, DAY_MS, 'd', HOUR_MS, 'h')
}

function pair(ms: number, large: number, big: string, small: number, little: string): string {
  const rest = Math.floor((ms % large) / small)
  return `${Math.floor(ms / large)} ${big}${rest > 0 ? ` ${rest} ${little}` : ''}`
}

/** For how long since an instant; the script counts it on. */
export function age(at: string, now: number): Html {
  const words = printDuration(now - Date.parse(at))
  return html`<time datetime="${at}" title="since ${at}" data-count="up">${words}</time>`
}

/** For how long until an instant; the script counts it down. */
export function remaining(at: string, now: number): Html {
  const words = printDuration(Date.parse(at) - now)
  return html`<time datetime="${at}" title="at ${at}" data-count="down">${words}</time>`
}

/** An instant on UTC's clock, as the log has it: with its date unless that is today. */
export function moment(at: string, now: number): Html {
  return html`<time datetime="${at}" title="${at}">${printMoment(Date.parse(at), now)}</time>`
}

/** {@link moment} as text. */
export function printMoment(at: number, now: number): string {
  const [date = '', clock = ''] = new Date(at).toISOString().split('T')
  const [today] = new Date(now).toISOString().split('T')
  return date === today ? clock.slice(0, 5) : `${date.slice(5)} ${clock.slice(0, 5)}`
}

/** An instant on the clock of a time zone: `Tue 03:00`, with its date if that is a week away. */
export function localMoment(at: string, timeZone: string, now: number): Html {
  const isFar = Math.abs(Date.parse(at) - now) > 6 * DAY_MS
  const words = formatOf(timeZone, isFar).format(Date.parse(at)).replaceAll(',', '')
  return html`<time datetime="${at}" title="${at}">${words}</time>`
}

/** Making one takes 0.1 ms, which 1,000 groups would feel; there are as many as there are time zones. */
const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string, hasDate: boolean): Intl.DateTimeFormat {
  const key = `${timeZone} ${hasDate}`
  const known = formats.get(key)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(hasDate && { day: 'numeric', month: 'short' }),
  })
  formats.set(key, format)
  return format
}
