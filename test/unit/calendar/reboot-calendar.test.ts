import { expect } from 'chai'
import { parseDay } from '../../../lib/calendar/day.js'
import { RebootCalendar, type CalendarRules } from '../../../lib/calendar/reboot-calendar.js'
import { isTimeZone, TimeZone } from '../../../lib/calendar/time-zone.js'

function coming(rules: CalendarRules, from: string, count: number): readonly string[] {
  const calendar = new RebootCalendar(rules)
  return calendar
    .comingWindows(Date.parse(from), count)
    .map(({ opensAt, closesAt }) =>
      [opensAt, closesAt ?? 0].map((instant) => calendar.zone.format(instant)).join(' '),
    )
}

describe('RebootCalendar, where clocks change', () => {
  const sunday = (startTime: string, lengthMinutes: number, timeZone: string): CalendarRules => ({
    timeZone,
    windows: [{ days: ['Sun'], startTime, lengthMinutes }],
  })

  it('shortens a window whose end the clock skips', () => {
    // Zincati's own example: "effectively, the reboot window on spring forward day will only be
    // between 1:30 AM and 2:00 AM".
    const windows = coming(sunday('01:30', 60, 'US/Eastern'), '2026-03-08T00:00-05:00', 2)
    expect(windows).to.deep.equal([
      '2026-03-08T01:30:00-05:00 2026-03-08T03:00:00-04:00',
      '2026-03-15T01:30:00-04:00 2026-03-15T02:30:00-04:00',
    ])
  })

  it('leaves out a window that the clock skips', () => {
    const windows = coming(sunday('02:15', 30, 'Europe/Berlin'), '2026-03-28T00:00Z', 2)
    expect(windows).to.deep.equal([
      '2026-04-05T02:15:00+02:00 2026-04-05T02:45:00+02:00',
      '2026-04-12T02:15:00+02:00 2026-04-12T02:45:00+02:00',
    ])
  })

  it('opens late where the clock skips only the start', () => {
    const windows = coming(sunday('02:30', 60, 'Europe/Berlin'), '2026-03-28T00:00Z', 1)
    expect(windows).to.deep.equal(['2026-03-29T03:00:00+02:00 2026-03-29T03:30:00+02:00'])
  })

  it('opens twice where the clock shows the window twice', () => {
    const windows = coming(sunday('02:15', 30, 'Europe/Berlin'), '2026-10-24T00:00Z', 2)
    expect(windows).to.deep.equal([
      '2026-10-25T02:15:00+02:00 2026-10-25T02:45:00+02:00',
      '2026-10-25T02:15:00+01:00 2026-10-25T02:45:00+01:00',
    ])
  })

  it('lengthens a window around the hour that comes twice', () => {
    const calendar = new RebootCalendar(sunday('01:00', 180, 'Europe/Berlin'))
    const [window] = calendar.comingWindows(Date.parse('2026-10-24T00:00Z'), 1)
    expect(((window?.closesAt ?? 0) - (window?.opensAt ?? 0)) / 60_000).to.equal(240)
  })

  it('knows changes by half an hour', () => {
    const windows = coming(sunday('01:45', 30, 'Australia/Lord_Howe'), '2026-04-04T00:00Z', 2)
    expect(windows).to.deep.equal([
      '2026-04-05T01:45:00+11:00 2026-04-05T01:30:00+10:30',
      '2026-04-05T01:45:00+10:30 2026-04-05T02:15:00+10:30',
    ])
  })
})

describe('RebootCalendar', () => {
  const NIGHTS: CalendarRules = {
    timeZone: 'Europe/Berlin',
    windows: [{ days: ['Sat', 'Sun'], startTime: '23:30', lengthMinutes: 60 }],
  }
  const CHRISTMAS = { from: '2026-12-20', to: '2027-01-03', reason: 'Christmas' }

  it('takes a window to be open at all times without any', () => {
    const calendar = new RebootCalendar({})
    expect([
      calendar.isOpen(5),
      calendar.nextOpening(5),
      calendar.comingWindows(5, 3),
    ]).to.deep.equal([true, 5, []])
  })

  it('opens now if it is open, to the millisecond', () => {
    const now = Date.parse('2026-11-21T23:29:59.999Z')
    expect(new RebootCalendar(NIGHTS).nextOpening(now)).to.equal(now)
  })

  it('shows since when a window has been open', () => {
    expect(coming(NIGHTS, '2026-11-21T23:10Z', 1)).to.deep.equal([
      '2026-11-21T23:30:00+01:00 2026-11-22T00:30:00+01:00',
    ])
  })

  it('never closes where the windows fill the week', () => {
    const windows = [{ days: ['Mon' as const], startTime: '00:00', lengthMinutes: 10_080 }]
    const calendar = new RebootCalendar({ windows })
    expect(calendar.comingWindows(60_000, 5)).to.deep.equal([
      { opensAt: 60_000, closesAt: null, blackouts: [], isBlackedOut: false },
    ])
  })

  it("blacks out whole days of the group's zone, the last one included", () => {
    const calendar = new RebootCalendar({ timeZone: 'Europe/Berlin', blackouts: [CHRISTMAS] })
    const times = [
      '2026-12-19T22:59Z',
      '2026-12-19T23:00Z',
      '2027-01-03T22:59Z',
      '2027-01-03T23:00Z',
    ]
    const isOpen = times.map((time) => calendar.isOpen(Date.parse(time)))
    expect(isOpen).to.deep.equal([true, false, false, true])
    expect(calendar.blackoutAt(Date.parse('2026-12-24T12:00Z'))).to.deep.equal({
      blackout: CHRISTMAS,
      until: Date.parse('2027-01-03T23:00Z'),
    })
  })

  it('opens next after the blackout, in a window', () => {
    const calendar = new RebootCalendar({ ...NIGHTS, blackouts: [CHRISTMAS] })
    const opening = calendar.nextOpening(Date.parse('2026-12-18T12:00Z'))
    // The window of Saturday, the 19th, is open for half an hour before the blackout.
    expect(calendar.zone.format(opening)).to.equal('2026-12-19T23:30:00+01:00')
    const later = calendar.nextOpening(Date.parse('2026-12-20T12:00Z'))
    expect(calendar.zone.format(later)).to.equal('2027-01-04T00:00:00+01:00')
  })

  it('ends with the last of blackouts that follow each other', () => {
    const more = { from: '2027-01-04', to: '2027-01-05', reason: 'audit' }
    const calendar = new RebootCalendar({ blackouts: [more, CHRISTMAS] })
    expect(calendar.blackoutAt(Date.parse('2026-12-24T12:00Z'))).to.deep.equal({
      blackout: CHRISTMAS,
      until: Date.parse('2027-01-06T00:00Z'),
    })
  })

  it('marks the windows that a blackout takes, whole or in part', () => {
    const calendar = new RebootCalendar({ ...NIGHTS, blackouts: [CHRISTMAS] })
    const windows = calendar.comingWindows(Date.parse('2026-12-13T12:00Z'), 4)
    expect(windows.map(({ blackouts, isBlackedOut }) => [blackouts, isBlackedOut])).to.deep.equal([
      [[], false],
      [[CHRISTMAS], false],
      [[CHRISTMAS], true],
      [[CHRISTMAS], true],
    ])
  })

  it('answers at once, even for a blackout without an end', () => {
    const blackouts = [{ from: '1970-01-01', to: '9999-12-31', reason: 'museum' }]
    const started = performance.now()
    const opening = new RebootCalendar({ ...NIGHTS, blackouts }).nextOpening(Date.now())
    expect(new Date(opening).getUTCFullYear()).to.equal(10_000)
    expect(performance.now() - started).to.be.below(1000)
  })

  it('begins a day whose midnight the clock skips when it first shows it', () => {
    const day = { from: '2026-04-24', to: '2026-04-24', reason: 'x' }
    const calendar = new RebootCalendar({ timeZone: 'Africa/Cairo', blackouts: [day] })
    const [blackout] = calendar.comingBlackouts(0)
    expect(calendar.zone.format(blackout?.begins ?? 0)).to.equal('2026-04-24T01:00:00+03:00')
  })

  it('refuses a zone and a day that do not exist', () => {
    expect(() => new RebootCalendar({ timeZone: 'Mars/Olympus' })).to.throw(RangeError)
    const blackouts = [{ from: '2026-02-30', to: '2026-03-01', reason: 'x' }]
    expect(() => new RebootCalendar({ blackouts })).to.throw(RangeError)
  })
})

describe('TimeZone', () => {
  it('writes instants on its clock, with the offset', () => {
    const instant = Date.parse('2026-07-01T12:00:00.500Z')
    const zones = ['UTC', 'Asia/Kathmandu', 'America/St_Johns', 'Etc/GMT+12']
    expect(zones.map((name) => new TimeZone(name).format(instant))).to.deep.equal([
      '2026-07-01T12:00:00Z',
      '2026-07-01T17:45:00+05:45',
      '2026-07-01T09:30:00-02:30',
      '2026-07-01T00:00:00-12:00',
    ])
  })

  for (const name of ['UTC', 'Europe/Berlin', 'US/Eastern', 'Etc/GMT-14', 'EST5EDT']) {
    it(`knows ${name}`, () => expect(isTimeZone(name)).to.equal(true))
  }
  for (const name of ['', 'localtime', '+02:00', 'Berlin', 'Mars/Olympus', ' UTC', 'GMT+2']) {
    it(`does not know ${JSON.stringify(name)}`, () => expect(isTimeZone(name)).to.equal(false))
  }
})

describe('parseDay', () => {
  for (const text of ['2026-02-30', '2026-13-01', '2026-1-1', '26-01-01', '', '2026-01-01T00:00']) {
    it(`takes ${JSON.stringify(text)} for no day`, () => {
      expect(parseDay(text)).to.equal(undefined)
    })
  }
  it('counts days since the epoch', () => {
    expect([parseDay('1970-01-01'), parseDay('2028-02-29')]).to.deep.equal([0, 21_243])
  })
})
