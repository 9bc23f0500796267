import { expect } from 'chai'
import fc from 'fast-check'
import { RebootCalendar, type CalendarRules } from '../../../lib/calendar/reboot-calendar.js'
import { WEEKDAYS, type RebootWindow } from '../../../lib/calendar/weekly-windows.js'
import { wallClock, type WallMinute } from './wall-clock.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const WEEK_MINUTES = 7 * 1440

/** Zones, and a moment near to which their clocks change, or where nothing does. */
const CASES: readonly (readonly [zone: string, moment: string, what: string])[] = [
  ['Europe/Berlin', '2026-03-29T01:00Z', 'in spring'],
  ['Europe/Berlin', '2026-10-25T01:00Z', 'in autumn'],
  ['America/New_York', '2026-03-08T07:00Z', 'in spring'],
  ['America/New_York', '2026-11-01T06:00Z', 'in autumn'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z', 'by half an hour back'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z', 'by half an hour forward'],
  ['Asia/Kathmandu', '2026-06-01T00:00Z', 'never'],
  ['UTC', '2026-12-31T00:00Z', 'never'],
  ['Pacific/Apia', '2011-12-30T10:00Z', 'over the date line, a whole day'],
  ['Pacific/Kiritimati', '2026-06-01T00:00Z', 'never, 14 hours ahead'],
  ['Africa/Cairo', '2026-04-23T22:00Z', 'at midnight, which is skipped'],
  ['America/Havana', '2026-11-01T05:00Z', 'back to midnight'],
  ['Africa/Casablanca', '2026-02-15T02:00Z', 'for Ramadan'],
  ['Pacific/Chatham', '2026-04-04T14:00Z', 'at 02:45'],
]

/** Is the clock's minute in one of the windows? In the plainest words. */
function isInside(minuteOfWeek: number, windows: readonly RebootWindow[]): boolean {
  return windows.some(({ days, startTime, lengthMinutes }) =>
    days.some((day) => {
      const [hour = 0, minute = 0] = startTime.split(':').map(Number)
      const start = WEEKDAYS.indexOf(day) * 1440 + hour * 60 + minute
      return (minuteOfWeek - start + WEEK_MINUTES) % WEEK_MINUTES < lengthMinutes
    }),
  )
}

const window = fc.record<RebootWindow>({
  days: fc.subarray([...WEEKDAYS], { minLength: 1, maxLength: 3 }),
  startTime: fc
    .oneof(
      // Around midnight and the usual hours of a change.
      fc.constantFrom(0, 15, 59, 75, 105, 119, 120, 135, 150, 165, 180, 1410, 1439),
      fc.nat(1439),
    )
    .map((time) =>
      [Math.floor(time / 60), time % 60].map((part) => String(part).padStart(2, '0')).join(':'),
    ),
  lengthMinutes: fc.oneof(
    fc.integer({ min: 1, max: 90 }),
    fc.integer({ min: 1, max: 2000 }),
    fc.integer({ min: 1, max: WEEK_MINUTES }),
  ),
})

function rules(wall: readonly WallMinute[], zone: string): fc.Arbitrary<CalendarRules> {
  const days = [...new Set(wall.map(({ day }) => day))].slice(3, -12)
  const blackout = fc
    .tuple(fc.constantFrom(...days), fc.constantFrom(...days))
    .map(([a, b]) => ({ from: a < b ? a : b, to: a < b ? b : a, reason: 'audit' }))
  return fc.record({
    timeZone: fc.constant(zone),
    windows: fc.array(window, { minLength: 1, maxLength: 4 }),
    blackouts: fc.array(blackout, { maxLength: 2 }),
  })
}

describe('RebootCalendar, against each minute of the wall clock', function () {
  this.timeout(60_000)

  for (const [zone, moment, what] of CASES) {
    describe(`in ${zone}, whose clock changes ${what}`, () => {
      let wall: readonly WallMinute[]
      let any: fc.Arbitrary<CalendarRules>
      before(() => {
        const from = Date.parse(moment) - 10 * DAY_MS
        wall = wallClock(zone, from, from + 26 * DAY_MS)
        any = rules(wall, zone)
      })

      it('is open in the same minutes', () => {
        fc.assert(
          fc.property(any, fc.nat(59_999), (given, millisecond) => {
            const calendar = new RebootCalendar(given)
            const isOpen = openMinutes(wall, given)
            for (const [index, { instant }] of wall.entries()) {
              if (calendar.isOpen(instant + millisecond) === isOpen[index]) continue
              expect.fail(
                `${new Date(instant).toISOString()} is ${isOpen[index] ? '' : 'not '}open`,
              )
            }
          }),
          { numRuns: 4 },
        )
      })

      it('opens and closes next in the same minute', () => {
        fc.assert(
          fc.property(
            any,
            fc.array(fc.nat(16 * 1440), { minLength: 30, maxLength: 30 }),
            (given, starts) => {
              const calendar = new RebootCalendar(given)
              const isOpen = openMinutes(wall, given)
              for (const start of starts) {
                const expected = wall[isOpen.indexOf(isOpen[start] !== true, start)]?.instant
                const from = wall[start]?.instant ?? 0
                const found = calendar.nextChange(from + 1) ?? Infinity
                // Beyond the minutes of the oracle it knows nothing.
                if (expected === undefined) expect(found).to.be.above(wall.at(-1)?.instant ?? 0)
                else expect(found, new Date(from).toISOString()).to.equal(expected)
              }
            },
          ),
          { numRuns: 4 },
        )
      })

      it('opens next in the same minute', () => {
        fc.assert(
          fc.property(
            any,
            fc.array(fc.nat(16 * 1440), { minLength: 30, maxLength: 30 }),
            (given, starts) => {
              const calendar = new RebootCalendar(given)
              const isOpen = openMinutes(wall, given)
              const edges = wall.flatMap((_, index) =>
                index < 16 * 1440 && index > 0 && isOpen[index] !== isOpen[index - 1]
                  ? [index - 1, index]
                  : [],
              )
              for (const start of [...starts, ...edges]) {
                const expected = wall[isOpen.indexOf(true, start)]?.instant
                const from = wall[start]?.instant ?? 0
                const found = calendar.nextOpening(from)
                // Beyond the minutes of the oracle it knows nothing.
                if (expected === undefined) expect(found).to.be.above(wall.at(-1)?.instant ?? 0)
                else expect(found, new Date(from).toISOString()).to.equal(expected)
              }
            },
          ),
          { numRuns: 8 },
        )
      })

      it('has the same windows to come', () => {
        fc.assert(
          fc.property(any, fc.nat(16 * 1440), (given, start) => {
            const isOpen = openMinutes(wall, { ...given, blackouts: [] })
            // It is not known when a window has opened that was open from the first minute on.
            fc.pre(isOpen.lastIndexOf(false, start) >= 0)
            const now = (wall[start]?.instant ?? 0) + 30_000
            const expected: (number | undefined)[] = []
            for (let index = start; expected.length < 8;) {
              const opens = isOpen.indexOf(true, index)
              const closes = isOpen.indexOf(false, opens)
              if (opens < 0 || closes < 0) break
              // One that is open at the start has opened before.
              const since = opens === start ? isOpen.lastIndexOf(false, start) + 1 : opens
              expected.push(wall[since]?.instant, wall[closes]?.instant)
              index = closes
            }
            const coming = new RebootCalendar(given).comingWindows(now, 5)
            const edges = coming.flatMap(({ opensAt, closesAt }) => [opensAt, closesAt])
            expect(edges.slice(0, expected.length)).to.deep.equal(expected.slice(0, edges.length))
          }),
          { numRuns: 20 },
        )
      })
    })
  }
})

function openMinutes(wall: readonly WallMinute[], given: CalendarRules): readonly boolean[] {
  const { windows = [], blackouts = [] } = given
  const week = Array.from({ length: WEEK_MINUTES }, (_, minute) => isInside(minute, windows))
  return wall.map(
    ({ minuteOfWeek, day }) =>
      week[minuteOfWeek] === true && !blackouts.some(({ from, to }) => from <= day && day <= to),
  )
}
