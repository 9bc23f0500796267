import { expect } from 'chai'
import {
  calendarsToJson,
  describeCalendars,
  printCalendars,
} from '../../../lib/cli/print-windows.js'
import type { BlackoutSettings, GroupSettings } from '../../../lib/config/settings.js'

const NOW = Date.parse('2026-12-12T12:00Z')
const GROUP = { slots: 1, waitTimeoutMs: 0, cooldownSeconds: 0, staleAfterMinutes: 60 }
const NIGHTS = [{ days: ['Sat', 'Sun'], startTime: '23:30', lengthMinutes: 60 }] as const
const CHRISTMAS: BlackoutSettings = {
  from: '2026-12-20',
  to: '2027-01-03',
  reason: 'Christmas',
  groups: ['web'],
}

function calendars(group: Partial<GroupSettings>, count: number) {
  const blackouts = [CHRISTMAS]
  return describeCalendars([{ name: 'web', ...GROUP, ...group }], blackouts, { now: NOW, count })
}

describe('printCalendars', () => {
  it('prints local times and UTC, and marks blackouts', () => {
    const web = calendars({ timeZone: 'Europe/Berlin', windows: NIGHTS }, 4)
    expect(printCalendars(web, NOW, { hasColors: false }).split('\n')).to.deep.equal([
      'web (Europe/Berlin): closed, opens in 10h 30m',
      'OPENS                 CLOSES                OPENS (UTC)       CLOSES (UTC)      FOR    BLACKOUT',
      'Sat 2026-12-12 23:30  Sun 2026-12-13 00:30  2026-12-12 22:30  2026-12-12 23:30  1h 0m',
      'Sun 2026-12-13 23:30  Mon 2026-12-14 00:30  2026-12-13 22:30  2026-12-13 23:30  1h 0m',
      'Sat 2026-12-19 23:30  Sun 2026-12-20 00:30  2026-12-19 22:30  2026-12-19 23:30  1h 0m  in part: Christmas',
      'Sun 2026-12-20 23:30  Mon 2026-12-21 00:30  2026-12-20 22:30  2026-12-20 23:30  1h 0m  Christmas',
      'BLACKOUT FROM         UNTIL                 FROM (UTC)        UNTIL (UTC)       REASON',
      'Sun 2026-12-20 00:00  Mon 2027-01-04 00:00  2026-12-19 23:00  2027-01-03 23:00  Christmas',
      '',
    ])
  })

  it('says that a group without windows is open', () => {
    const lab = calendars({ name: 'lab' }, 4)
    expect(printCalendars(lab, NOW, { hasColors: false })).to.equal(
      'lab (UTC): open, without windows\n',
    )
  })

  it('knows windows that never close', () => {
    const windows = [{ days: ['Mon' as const], startTime: '00:00', lengthMinutes: 10_080 }]
    const lines = printCalendars(calendars({ name: 'lab', windows }, 4), NOW, { hasColors: false })
    expect(lines.split('\n')[2]).to.equal('Sat 2026-12-12 12:00  never   2026-12-12 12:00  never')
  })
})

describe('calendarsToJson', () => {
  it('has all that is printed', () => {
    const web = calendars({ timeZone: 'Europe/Berlin', windows: NIGHTS }, 1)
    expect(calendarsToJson(web, NOW)).to.deep.equal({
      version: 1,
      at: '2026-12-12T12:00:00.000Z',
      groups: [
        {
          name: 'web',
          time_zone: 'Europe/Berlin',
          has_windows: true,
          open: false,
          next_opening: '2026-12-12T22:30:00.000Z',
          windows: [
            {
              opens: '2026-12-12T22:30:00.000Z',
              closes: '2026-12-12T23:30:00.000Z',
              opens_local: '2026-12-12T23:30:00+01:00',
              closes_local: '2026-12-13T00:30:00+01:00',
              blacked_out: false,
              blackouts: [],
            },
          ],
          blackouts: [
            {
              from: '2026-12-20',
              to: '2027-01-03',
              reason: 'Christmas',
              begins: '2026-12-19T23:00:00.000Z',
              ends: '2027-01-03T23:00:00.000Z',
            },
          ],
        },
      ],
    })
  })
})
