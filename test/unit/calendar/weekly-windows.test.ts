import { expect } from 'chai'
import {
  parseTimeOfDay,
  WEEK_MINUTES,
  WeeklyWindows,
  type RebootWindow,
} from '../../../lib/calendar/weekly-windows.js'

/** Monday, 2026-01-05, 00:00, in minutes of a clock that shows UTC. */
const MONDAY = Date.UTC(2026, 0, 5) / 60_000

function at(day: number, hour: number, minute = 0): number {
  return MONDAY + day * 1440 + hour * 60 + minute
}

function windows(...all: readonly (readonly [...days: RebootWindow['days'], string, number])[]) {
  return new WeeklyWindows(
    all.map((each) => ({
      days: each.slice(0, -2) as RebootWindow['days'],
      startTime: each.at(-2) as string,
      lengthMinutes: each.at(-1) as number,
    })),
  )
}

describe('WeeklyWindows', () => {
  it("opens as Zincati's documentation says of its example", () => {
    const weekly = windows(['Sat', 'Sun', '23:30', 60], ['Wed', '01:00', 30])
    const opens = weekly.nextOpen(at(2, 1, 30))
    const closes = weekly.nextClosed(opens)
    const again = weekly.nextOpen(closes)
    expect([opens, closes, again, weekly.nextClosed(again)]).to.deep.equal([
      at(5, 23, 30),
      at(6, 0, 30),
      at(6, 23, 30),
      // On Monday of the next week.
      at(7, 0, 30),
    ])
  })

  it('counts the first minute in and the last one out', () => {
    const weekly = windows(['Wed', '01:00', 30])
    const times = [at(2, 0, 59), at(2, 1), at(2, 1, 29), at(2, 1, 30)]
    expect(times.map((time) => weekly.isOpen(time))).to.deep.equal([false, true, true, false])
  })

  it('takes windows that overlap or touch for one', () => {
    const weekly = windows(['Mon', '01:00', 60], ['Mon', '01:30', 60], ['Mon', '02:30', 15])
    expect([weekly.nextOpen(at(0, 0)), weekly.nextClosed(at(0, 1))]).to.deep.equal([
      at(0, 1),
      at(0, 2, 45),
    ])
  })

  it('keeps a window that lies in another one', () => {
    const weekly = windows(['Mon', '01:00', 300], ['Mon', '02:00', 10])
    expect(weekly.nextClosed(at(0, 1))).to.equal(at(0, 6))
  })

  it('goes on over the end of the week', () => {
    const weekly = windows(['Sun', '23:00', 120], ['Mon', '00:30', 60])
    expect([weekly.isOpen(at(-1, 23)), weekly.nextClosed(at(-1, 23, 59))]).to.deep.equal([
      true,
      at(0, 1, 30),
    ])
  })

  it('never closes where the windows fill the week', () => {
    for (const weekly of [
      windows(['Thu', '12:34', WEEK_MINUTES]),
      windows(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun', '08:00', 1440]),
    ]) {
      expect([weekly.isAlwaysOpen, weekly.nextClosed(at(3, 1))]).to.deep.equal([true, Infinity])
      expect(weekly.nextOpen(at(3, 1))).to.equal(at(3, 1))
    }
  })

  it('never opens without windows', () => {
    const weekly = windows()
    expect([weekly.isEmpty, weekly.isOpen(at(0, 0)), weekly.nextOpen(at(0, 0))]).to.deep.equal([
      true,
      false,
      Infinity,
    ])
  })

  it('counts before 1970 too', () => {
    const weekly = windows(['Wed', '23:59', 1])
    expect(weekly.nextOpen(-1440)).to.equal(-1)
  })
})

describe('parseTimeOfDay', () => {
  const CASES: readonly (readonly [text: string, minutes: number | undefined])[] = [
    ['00:00', 0],
    ['23:59', 1439],
    ['07:05', 425],
    // As Zincati takes them.
    ['7:5', 425],
    ['24:00', undefined],
    ['12:60', undefined],
    ['-1:00', undefined],
    ['12', undefined],
    ['12:00:00', undefined],
    ['', undefined],
  ]
  for (const [text, minutes] of CASES) {
    it(`reads ${JSON.stringify(text)} as ${minutes ?? 'no time'}`, () => {
      expect(parseTimeOfDay(text)).to.equal(minutes)
    })
  }
})
