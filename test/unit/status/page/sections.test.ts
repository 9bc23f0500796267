import { expect } from 'chai'
import { pageDocument } from '../../../../lib/status/page/document.js'
import { sectionsOf } from '../../../../lib/status/page/sections.js'
import type { GroupReport, StatusReport } from '../../../../lib/status/status-report.js'
import {
  ago,
  machineId,
  sampleGroup,
  sampleHold,
  sampleHolder,
  sampleReport,
  SAMPLE_NOW,
} from '../../../support/sample-reports.js'
import { SAMPLE_STATES } from '../../../support/sample-states.js'

/** The markup of a section. */
function markupOf(report: StatusReport, id: string): string {
  const section = sectionsOf(report).find((each) => each.id === id)
  return section?.draw(SAMPLE_NOW).toString() ?? ''
}

/** What is to be read of it, in one line. */
function textOf(report: StatusReport, id: string): string {
  const text = markupOf(report, id).replace(/<[^>]*>/g, '')
  return text.replaceAll('&#39;', "'").replace(/\s+/g, ' ').trim()
}

function textOfGroup(more: Partial<GroupReport>, report: Partial<StatusReport> = {}): string {
  return textOf(sampleReport({ ...report, groups: [sampleGroup('a', more)] }), 'group_a')
}

describe('the sections of the page', () => {
  it('begin with what needs attention and end with the store', () => {
    expect(sectionsOf(SAMPLE_STATES.stuck).map(({ id }) => id)).to.deep.equal([
      'attention',
      'group_patroni',
      'group_default',
      'group_workers',
      'store',
    ])
  })

  it('have ids of their own for any names of groups', () => {
    const names = ['a', 'a b', 'a_20b', 'ä', '%', '"', 'list', 's', 's-title', '-list', '']
    const report = sampleReport({ groups: names.map((name) => sampleGroup(name)) })
    const sections = sectionsOf(report)
    const ids = sections.map(({ id }) => id)
    expect(ids.filter((id) => !/^[\w.-]+$/.test(id))).to.deep.equal([])
    const page = pageDocument(report, sections, { now: SAMPLE_NOW, since: '', build: '' })
    const all = [...page.toString().matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
    expect(all).to.include.members(['group-list', ...ids])
    expect(all.filter((id, place) => all.indexOf(id) !== place)).to.deep.equal([])
  })

  for (const [name, report] of Object.entries(SAMPLE_STATES)) {
    it(`let no text of a report become markup: ${name}`, () => {
      // Every text that is neither a time nor one of a closed set begins with this.
      const hostile = `"'><script>alert(1)</script><x onload='`
      const free = new Set(['reason', 'by', 'name', 'id', 'host', 'description', 'ended', 'group'])
      const text = JSON.stringify(report, (key, value: unknown) =>
        free.has(key) && typeof value === 'string' ? hostile + value : value,
      )
      expect(countTags(JSON.parse(text) as StatusReport)).to.equal(countTags(report))
    })
  }
})

function countTags(report: StatusReport): number {
  const drawn = sectionsOf(report).map(({ draw }) => draw(SAMPLE_NOW).toString())
  return drawn.join('').split('<').length
}

describe('a group in which nothing happens', () => {
  /** How many different keys it has at these times, in minutes after {@link SAMPLE_NOW}. */
  function countKeys(minutes: readonly number[], timeline: StatusReport['timeline'] = []): number {
    const keys = minutes.map((each) => {
      const report = sampleReport({ groups: [sampleGroup('a')], timeline, at: ago(-each) })
      return sectionsOf(report).find(({ id }) => id === 'group_a')?.key
    })
    return new Set(keys).size
  }

  it('is drawn anew when its timeline has another span', () => {
    const hold = sampleHold('a', 'x', [20, 15])
    expect(countKeys([0, 9], [hold])).to.equal(2)
    expect(countKeys([0, 60, 24 * 60, 90 * 24 * 60], [hold])).to.equal(4)
  })

  it('is drawn anew when a day is over, with which its times get their date', () => {
    const justBefore = 21 * 60 - 7.3
    expect(
      countKeys([justBefore, justBefore + 0.2], [sampleHold('a', 'x', [7000, 6990])]),
    ).to.equal(2)
  })

  it('is drawn anew only when its timeline has moved by a pixel or two', () => {
    const aMinuteOfBeats = Array.from({ length: 12 }, (_, beat) => beat / 12)
    const inAMinute = [
      [20, 15],
      [200, 195],
      [2000, 1995],
      [200_000, 199_000],
    ] as const
    const counts = inAMinute.map((each) => countKeys(aMinuteOfBeats, [sampleHold('a', 'x', each)]))
    expect(counts).to.deep.equal([6, 2, 1, 1])
  })

  it('is not drawn anew where there is no timeline', () => {
    expect(countKeys([0, 1, 60, 3000])).to.equal(1)
  })
})

describe('a group on the page', () => {
  it('has a box for each slot, the stale first', () => {
    const holders = [sampleHolder('x', 90, { stale: true }), sampleHolder('y', 1)]
    const report = sampleReport({ groups: [sampleGroup('a', { slots: 4, holders })] })
    expect(markupOf(report, 'group_a').match(/<i class="\w+">/g)).to.deep.equal(
      ['stale', 'held', 'free', 'free'].map((state) => `<i class="${state}">`),
    )
    expect(markupOf(report, 'group_a')).to.include('aria-label="4 slots: 2 held, 2 free, 1 stale"')
  })

  it('does not say that nobody holds where the store has not been seen', () => {
    const unknown = { held: null, free: null, stale: null }
    const groups = [sampleGroup('a', { slots: 2, ...unknown }), sampleGroup('b')]
    const report = sampleReport({ groups, cap: { slots: 3, held: null } })
    expect(markupOf(report, 'group_a').match(/<i class="\w+">/g)).to.deep.equal(
      Array.from({ length: 2 }, () => '<i class="unknown">'),
    )
    const text = textOfGroup({ slots: 2, ...unknown })
    expect(text).to.include('? of 2 held').and.not.include('Nobody holds')
    expect(text).to.include('has not looked at the whole store yet: who holds is not known.')
    expect(markupOf(report, 'attention')).to.include('<b>?</b> of 3 slots held')
    expect(markupOf(report, 'attention')).to.include('<b>?</b> of 3</span>')
  })

  it('has a bar where there are too many slots for boxes', () => {
    const report = sampleReport({ groups: [sampleGroup('a', { slots: 41 })] })
    expect(markupOf(report, 'group_a')).to.include('<svg').and.not.include('<i class')
  })

  it('shows every holder, and where nobody knows since when', () => {
    const holders = Array.from({ length: 30 }, (_, number) => sampleHolder(machineId(number), 5))
    const text = textOfGroup({ slots: 31, holders: [...holders, sampleHolder('x', null)] })
    expect(holders.filter(({ id }) => !text.includes(id))).to.deep.equal([])
    expect(text).to.include('19 more').and.include('x since unknown')
  })

  it('says how many wait besides those that are named', () => {
    const waiters = [{ id: 'w', name: 'db-9', since: ago(2), reason: 'full' }]
    expect(textOfGroup({ waiting: 7, waiters })).to.include(
      'Waiting here db-9 w 2 min full And 6 more behind them.',
    )
  })

  it('says what stands before a slot, and until when', () => {
    const text = textOfGroup({
      cooldown: { since: ago(0.5), seconds: 90 },
      calendar: {
        time_zone: 'Europe/Berlin',
        open: false,
        changes_at: '2026-11-24T02:00:00Z',
        blackout: { reason: 'closing', until: '2026-11-21T00:00:00Z' },
      },
      gates: [
        { gate: 'blackout', state: 'closed', since: ago(1), asked_at: ago(1), reason: 'closing' },
        {
          gate: 'prometheus',
          state: 'closed',
          since: ago(9),
          asked_at: ago(1),
          reason: 'DiskFull',
        },
        { gate: 'http', state: 'not_asked', since: null, asked_at: null, reason: null },
      ],
    })
    expect(text.slice(text.indexOf('Before a slot'))).to.equal(
      'Before a slot cooldown rests after a release, for 1 min ' +
        'blackout closed closing, until Sat 01:00 Europe/Berlin (for 20 h 52 min) ' +
        'reboot windows closed opens Tue 03:00 Europe/Berlin (in 3 d 22 h) ' +
        'Prometheus alerts closed DiskFull, for 9 min, asked 1 min ago HTTP checks not asked yet',
    )
  })

  it('does not say that a machine holds whose end nobody has recorded', () => {
    const timeline = [{ ...sampleHold('a', 'x', [15]), ended: 'not recorded' }]
    expect(textOfGroup({}, { timeline })).to.include('x 02:52 unknown not recorded')
    expect(markupOf(sampleReport({ groups: [sampleGroup('a')], timeline }), 'group_a')).to.include(
      '<title>02:52 to unknown</title>',
    )
  })

  it('says that everything is paused', () => {
    const paused = { reason: 'incident 7', since: ago(3), by: 'anna@bastion' }
    expect(textOfGroup({}, { paused })).to.include(
      'everything paused incident 7, by anna@bastion, for 3 min.',
    )
  })
})

describe('the store on the page', () => {
  it('says what answers, how fast, what went wrong last, and who says so', () => {
    const { store } = sampleReport()
    const [one, ...others] = store.endpoints
    const report = sampleReport({
      store: {
        ...store,
        latency_ms: 0.4,
        last_error: { at: ago(12), reason: 'deadline exceeded' },
        endpoints: [
          { endpoint: one?.endpoint ?? '', answers: false, latency_ms: null, error: 'refused' },
          ...others,
        ],
      },
    })
    expect(textOf(report, 'store')).to.equal(
      'Store reachable etcd at 3 endpoints under 5 ms revision 48213 ' +
        'silent https://etcd-1.example.com:2379 refused ' +
        'answers https://etcd-2.example.com:2379 under 5 ms answers https://etcd-3.example.com:2379 under 5 ms ' +
        'Last error, 12 min ago: deadline exceeded ' +
        'Seen by the replica airlock-1.example.com (airlock 0.1.0): ' +
        'who waits and who was refused are known to it alone.',
    )
  })
})
