/** A minute on a zone's wall clock. */
export interface WallMinute {
  /** Milliseconds since the epoch. */
  readonly instant: number
  /** Minutes since Monday 00:00. */
  readonly minuteOfWeek: number
  /** `YYYY-MM-DD` */
  readonly day: string
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** What a zone's clock shows in each minute from one instant to another, as Intl prints it. */
export function wallClock(zone: string, from: number, to: number): readonly WallMinute[] {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  })
  const minutes: WallMinute[] = []
  for (let instant = from; instant < to; instant += 60_000) {
    // "Mon, 01/05/2026, 00:00"
    const [weekday = '', date = '', time = ''] = format.format(instant).split(', ')
    const [month = '', day = '', year = ''] = date.split('/')
    const [hour, minute] = time.split(':').map(Number)
    const minuteOfWeek = DAYS.indexOf(weekday) * 1440 + (hour ?? 0) * 60 + (minute ?? 0)
    minutes.push({ instant, minuteOfWeek, day: `${year}-${month}-${day}` })
  }
  return minutes
}
