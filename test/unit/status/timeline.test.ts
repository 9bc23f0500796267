import { expect } from 'chai'
import type { Change } from '../../../lib/lock/change.js'
import type { Overview } from '../../../lib/lock/overview.js'
import type { GroupEvent } from '../../../lib/lock/read-events.js'
import { MAX_TIMELINE } from '../../../lib/status/bounds.js'
import { timelineOf } from '../../../lib/status/timeline.js'

const DAEMON = 'airlock@replica'

/** What one commit changed in group g; its minute is its revision, too. */
function event(minute: number, changes: readonly Change[], by = DAEMON): GroupEvent {
  return { revision: minute, group: 'g', at: at(minute), by, changes }
}

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 5, 0, minute)).toISOString()
const granted = (id: string): Change => ({ type: 'granted', id })
const released = (id: string): Change => ({ type: 'released', id })

/** A store whose group g is held so: id → since when, undefined where that is unknown. */
function holding(holders: Readonly<Record<string, string | undefined>>): Overview {
  const list = Object.entries(holders).map(([id, since]) => ({
    id,
    revision: 1,
    ...(since !== undefined && { since, by: DAEMON }),
  }))
  return { revision: 1, groups: [{ group: 'g', totalSlots: 1, holders: list }] }
}

/** Each as `id from-to ended`, in minutes. */
function shown(overview: Overview, ...events: readonly GroupEvent[]): readonly string[] {
  const minute = (time: string | null): string =>
    time === null ? '?' : String((Date.parse(time) - Date.UTC(2026, 0, 5)) / 60_000)
  return timelineOf(overview, events).map(
    ({ id, from, to, ended }) => `${id} ${minute(from)}-${minute(to)} ${ended ?? 'holds'}`,
  )
}

describe('the timeline', () => {
  it('has each time of holding once, as they began', () => {
    expect(
      shown(
        holding({ c: at(4) }),
        event(1, [granted('a'), granted('b')]),
        event(3, [released('b')]),
        event(4, [released('a'), granted('c')]),
      ),
    ).to.deep.equal(['b 1-3 released', 'a 1-4 released', 'c 4-? holds'])
  })

  it('tells one machine that held twice from another', () => {
    expect(
      shown(
        holding({ a: at(5) }),
        event(1, [granted('a')]),
        event(2, [released('a')]),
        event(5, [granted('a')]),
      ),
    ).to.deep.equal(['a 1-2 released', 'a 5-? holds'])
  })

  it('says who ended it, where that was not the machine', () => {
    expect(
      shown(
        holding({}),
        event(1, [granted('a'), granted('b')]),
        event(2, [released('a')], 'eve@laptop'),
        event(3, [{ type: 'stale-released', id: 'b' }], `${DAEMON} (stale)`),
      ),
    ).to.deep.equal(['a 1-2 unlocked by eve@laptop', 'b 1-3 released as stale'])
  })

  it('does not know the beginning of what the ring has forgotten', () => {
    expect(shown(holding({ b: undefined }), event(7, [released('a')]))).to.deep.equal([
      'a ?-7 released',
      'b ?-? holds',
    ])
  })

  it('takes the beginning from the record of who holds', () => {
    expect(shown(holding({ a: at(3) }))).to.deep.equal(['a 3-? holds'])
  })

  it('does not take for a holder whom coreos/airlock has released, without a record', () => {
    expect(
      shown(holding({ a: at(5) }), event(1, [granted('a')]), event(5, [granted('a')])),
    ).to.deep.equal(['a 1-? not recorded', 'a 5-? holds'])
    expect(shown(holding({}), event(1, [granted('a')]))).to.deep.equal(['a 1-? not recorded'])
  })

  it('ends nothing in a group whose document cannot be read', () => {
    const broken: Overview = {
      revision: 1,
      groups: [{ group: 'g', totalSlots: 0, holders: [], problem: 'is not JSON' }],
    }
    expect(shown(broken, event(1, [granted('a')]))).to.deep.equal(['a 1-? holds'])
  })

  it('keeps groups apart, and passes over what is no holding', () => {
    const other = { ...event(2, [released('a')]), group: 'h' }
    const slots: Change = { type: 'slots-set', from: 1, to: 2 }
    expect(shown(holding({ a: at(1) }), event(1, [granted('a'), slots]), other)).to.deep.equal([
      'a ?-2 released',
      'a 1-? holds',
    ])
  })

  it('has a bounded length: all who hold, and of the past the latest', () => {
    const events = Array.from({ length: MAX_TIMELINE + 10 }, (_, n) => [
      event(2 * n, [granted(`m${n}`)]),
      event(2 * n + 1, [released(`m${n}`)]),
    ])
    const lines = shown(holding({ z: undefined }), ...events.flat())
    expect([lines.length, lines[0], lines[1]]).to.deep.equal([
      MAX_TIMELINE,
      'z ?-? holds',
      'm11 22-23 released',
    ])
  })
})
