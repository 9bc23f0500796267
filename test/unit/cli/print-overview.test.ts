import { expect } from 'chai'
import { overviewToJson, printOverview } from '../../../lib/cli/print-overview.js'
import type { GroupOverview } from '../../../lib/lock/overview.js'
import type { CalendarReport } from '../../../lib/status/status-report.js'

const NOW = Date.parse('2026-12-12T12:00Z')
const OPEN: CalendarReport = {
  time_zone: 'Europe/Berlin',
  open: true,
  changes_at: '2026-12-12T23:30:00.000Z',
  blackout: null,
}
const BLACKOUT: CalendarReport = {
  ...OPEN,
  open: false,
  blackout: { reason: 'Christmas', until: '2027-01-03T23:00:00.000Z' },
}
const HELD: GroupOverview = {
  group: 'patroni',
  totalSlots: 2,
  holders: [
    {
      id: '978a225b3d7b40e9acd7ce9b62f68444',
      since: '2026-12-12T11:00:00.000Z',
      by: 'airlock@one',
      isStale: true,
      revision: 5,
    },
  ],
}

interface Given {
  readonly calendar?: CalendarReport
  readonly names?: Readonly<Record<string, string>>
}

function statusOf(groups: readonly GroupOverview[], { calendar, names = {} }: Given = {}) {
  const details = {
    calendarAt: () => calendar ?? null,
    nameOf: (id: string) => names[id],
    idsNamed: () => [],
    configuredSlots: () => undefined,
    hasRemoteGates: () => false,
  }
  return { overview: { revision: 7, groups }, cap: null, details, now: NOW }
}

const idle = (more: Partial<GroupOverview> = {}): GroupOverview => ({
  group: 'web',
  totalSlots: 1,
  holders: [],
  ...more,
})

/** The STATE of one group. */
function stateOf(group: GroupOverview, given: Given = {}): string {
  const [heading = '', line = ''] = print([group], given)
  return line.slice(heading.indexOf('STATE'))
}

function print(groups: readonly GroupOverview[], given: Given = {}, width = 80): readonly string[] {
  const text = printOverview(statusOf(groups, given), { hasColors: false, width })
  return text.split('\n')
}

describe('printOverview', () => {
  it('says until when a calendar is open, closed or blacked out', () => {
    const closed = { ...OPEN, open: false }
    expect([
      stateOf(idle()),
      stateOf(idle(), { calendar: OPEN }),
      stateOf(idle(), { calendar: closed }),
      stateOf(idle(), { calendar: BLACKOUT }),
      stateOf(idle(), { calendar: { ...OPEN, changes_at: null } }),
    ]).to.deep.equal([
      '',
      'open until 2026-12-12T23:30Z',
      'closed until 2026-12-12T23:30Z',
      'blackout, closed until 2026-12-12T23:30Z',
      'open',
    ])
  })

  it('says how long a cooldown still is, as far as is known', () => {
    const cooldown = (since: string) => stateOf(idle({ cooldown: { since, seconds: 60 } }))
    expect([
      cooldown('2026-12-12T11:59:20Z'),
      cooldown('2026-12-12T11:50:00Z'),
      cooldown(''),
    ]).to.deep.equal(['cooldown, 20s left', 'cooldown', 'cooldown'])
  })

  it('fits into 80 columns, and cuts what is longest at its end', () => {
    const pause = { reason: 'a long story', since: '2026-12-12T11:00:00.000Z', by: 'eve@laptop' }
    const busy = {
      ...HELD,
      pause,
      cooldown: { since: '2026-12-12T11:59:20Z', seconds: 60 },
    }
    const lines = print([busy], { calendar: OPEN, names: { [busy.holders[0]?.id ?? '']: 'db-1' } })
    expect(lines.filter((line) => line.length > 80)).to.deep.equal([])
    expect(stateOf(busy, { calendar: OPEN })).to.match(
      /^1 stale; cooldown, 20s left; open until \d{4}-/,
    )
  })

  for (const width of [80, 40]) {
    it(`never cuts what one has to type, at ${width} columns`, () => {
      const id = '978a225b3d7b40e9acd7ce9b62f68444'
      for (const names of [{}, { [id]: 'db-1.rack-7.example.com' }]) {
        const [heading, line] = print([HELD], { names }, width).slice(3)
        expect(heading).to.match(/^HOLDER +(?:NAME +)?GROUP +HELD FOR/)
        expect(line).to.match(new RegExp(`^${id} .*\\bpatroni\\b`))
        if (width === 80) expect(line?.length).to.be.at.most(width)
      }
    })
  }

  it('leaves out the time before by whom, where they do not fit', () => {
    const heading = (width: number) => print([HELD], {}, width)[3]?.split(/ {2,}/)
    const all = ['HOLDER', 'GROUP', 'SINCE', 'HELD FOR', 'BY']
    expect([heading(120), heading(80), heading(40)]).to.deep.equal([
      all,
      ['HOLDER', 'GROUP', 'HELD FOR', 'BY'],
      ['HOLDER', 'GROUP', 'HELD FOR'],
    ])
  })

  it('has a column of names only where a holder has one', () => {
    const heading = (given: Given) => print([HELD], given, 120)[3]?.split(/ {2,}/)
    expect(heading({})).to.deep.equal(['HOLDER', 'GROUP', 'SINCE', 'HELD FOR', 'BY'])
    expect(heading({ names: { other: 'x' } })).to.deep.equal(heading({}))
    const names = { '978a225b3d7b40e9acd7ce9b62f68444': 'db-1' }
    expect(heading({ names })).to.include.members(['HOLDER', 'NAME'])
    expect(print([HELD], { names }, 120)[4]).to.include(' db-1 ')
  })
})

describe('overviewToJson', () => {
  it('has the calendar, the cooldown and the names', () => {
    const [holder] = HELD.holders
    const given = { calendar: BLACKOUT, names: { [holder?.id ?? '']: 'db-1' } }
    const group = { ...HELD, cooldown: { since: '', seconds: 60 } }
    expect(overviewToJson(statusOf([group, idle()], given))).to.deep.equal({
      version: 1,
      revision: 7,
      paused: null,
      cap: null,
      groups: [
        {
          name: 'patroni',
          slots: 2,
          held: 1,
          free: 1,
          paused: null,
          cooldown: { since: null, seconds: 60 },
          calendar: BLACKOUT,
          problem: null,
          stale: 1,
          holders: [
            {
              id: holder?.id,
              name: 'db-1',
              since: holder?.since,
              by: 'airlock@one',
              stale: true,
            },
          ],
        },
        {
          name: 'web',
          slots: 1,
          held: 0,
          free: 1,
          paused: null,
          cooldown: null,
          calendar: BLACKOUT,
          problem: null,
          stale: 0,
          holders: [],
        },
      ],
    })
  })
})
