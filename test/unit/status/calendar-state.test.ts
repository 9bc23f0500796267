import { expect } from 'chai'
import { RebootCalendar, type CalendarRules } from '../../../lib/calendar/reboot-calendar.js'
import { CalendarState } from '../../../lib/status/calendar-state.js'

const RULES: CalendarRules = {
  timeZone: 'Europe/Berlin',
  windows: [{ days: ['Sat'], startTime: '01:00', lengthMinutes: 120 }],
  blackouts: [{ from: '2026-12-19', to: '2027-01-03', reason: 'audit' }],
}

describe('CalendarState', () => {
  const state = new CalendarState(new RebootCalendar(RULES))
  const report = (time: string): unknown => state.report(Date.parse(time))
  const zone = { time_zone: 'Europe/Berlin' }

  it('says when a closed window opens, an open one closes, and the next opens', () => {
    const closed = { ...zone, open: false, changes_at: '2026-12-05T00:00:00.000Z', blackout: null }
    expect(report('2026-12-01T00:00Z')).to.deep.equal(closed)
    expect(report('2026-12-04T23:59:59Z')).to.deep.equal(closed)
    const open = { ...zone, open: true, changes_at: '2026-12-05T02:00:00.000Z', blackout: null }
    expect(report('2026-12-05T00:00Z')).to.deep.equal(open)
    expect(report('2026-12-05T01:59:59Z')).to.deep.equal(open)
    const next = { ...zone, open: false, changes_at: '2026-12-12T00:00:00.000Z', blackout: null }
    expect(report('2026-12-05T02:00Z')).to.deep.equal(next)
  })

  it('names a blackout as soon as it is on, and the first window after it', () => {
    const changes = { open: false, changes_at: '2027-01-09T00:00:00.000Z' }
    expect(report('2026-12-18T22:59:59Z')).to.deep.equal({ ...zone, ...changes, blackout: null })
    expect(report('2026-12-18T23:00:00Z')).to.deep.equal({
      ...zone,
      ...changes,
      blackout: { reason: 'audit', until: '2027-01-03T23:00:00.000Z' },
    })
  })

  it('follows a clock that is put back', () => {
    expect(report('2026-11-01T00:00Z')).to.deep.equal({
      ...zone,
      open: false,
      changes_at: '2026-11-07T00:00:00.000Z',
      blackout: null,
    })
  })

  it('is open until the next blackout where there are no windows, and then for good', () => {
    const blackoutsOnly = new CalendarState(
      new RebootCalendar({ blackouts: RULES.blackouts ?? [] }),
    )
    const changes = (time: string): unknown => {
      const { open, changes_at } = blackoutsOnly.report(Date.parse(time)) ?? {}
      return [open, changes_at]
    }
    expect(changes('2026-12-01T00:00Z')).to.deep.equal([true, '2026-12-19T00:00:00.000Z'])
    expect(changes('2026-12-24T00:00Z')).to.deep.equal([false, '2027-01-04T00:00:00.000Z'])
    expect(changes('2027-02-01T00:00Z')).to.deep.equal([true, null])
  })

  it('is nothing where there are neither windows nor blackouts', () => {
    expect(new CalendarState(new RebootCalendar({})).report(0)).to.equal(null)
  })
})
