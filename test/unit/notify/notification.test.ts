import { expect } from 'chai'
import type { Change } from '../../../lib/lock/change.js'
import { ALL_GROUPS } from '../../../lib/lock/keys.js'
import { announceChanges } from '../../../lib/notify/change-announcement.js'
import { printBody, type Notification } from '../../../lib/notify/notification.js'

const AT = '2026-01-05T12:00:00.000Z'
const REPLICA = 'airlock@host-1'

const textOf = (notification: Notification): unknown =>
  (JSON.parse(printBody(notification)) as Record<string, unknown>)['text']

/** What people read about one change. */
function tell(change: Change, by: string, group = 'db'): unknown {
  const { notifications } = announceChanges({ group, revision: 7, at: AT, by, changes: [change] })
  return notifications(8).map(textOf)[0]
}

describe('printBody', () => {
  const cases: readonly [what: string, change: Change, by: string, text: string][] = [
    [
      'a machine that was granted a slot',
      { type: 'granted', id: 'm1' },
      REPLICA,
      'm1 may reboot (group db)',
    ],
    [
      'a machine for which an operator took a slot',
      { type: 'granted', id: 'm1' },
      'eve@desk',
      'm1 was given a slot (group db) by eve@desk',
    ],
    [
      'a machine that gave its slot back',
      { type: 'released', id: 'm1' },
      REPLICA,
      'm1 is back (group db)',
    ],
    [
      'a machine that an operator unlocked',
      { type: 'released', id: 'm1' },
      'eve@desk',
      'm1 was unlocked (group db) by eve@desk',
    ],
    [
      'a machine that stale_release freed',
      { type: 'stale-released', id: 'm1' },
      `${REPLICA} (stale)`,
      'm1 was released as stale (group db): it had held its slot for too long and was released by stale_release',
    ],
    [
      'a pause',
      { type: 'paused', reason: 'incident 7' },
      'eve@desk',
      'reboots are paused (group db) by eve@desk: incident 7',
    ],
    [
      'slots of a configuration',
      { type: 'slots-set', from: 1, to: 2 },
      REPLICA,
      `slots: 1 -&gt; 2 (group db) by ${REPLICA}`,
    ],
  ]
  for (const [what, change, by, text] of cases) {
    it(`tells people of ${what}`, () => expect(tell(change, by)).to.equal(`airlock: ${text}`))
  }

  it('tells people of all groups', () => {
    expect(tell({ type: 'resumed' }, 'eve@desk', ALL_GROUPS)).to.equal(
      'airlock: reboots go on (all groups) by eve@desk',
    )
  })

  for (const word of ['all', 'channel', 'everyone', 'here', 'Channel', 'HERE']) {
    it(`calls nobody by @${word}, whoever wrote it`, () => {
      expect(tell({ type: 'paused', reason: `@${word} wake up` }, 'eve@desk')).to.equal(
        `airlock: reboots are paused (group db) by eve@desk: @\u200b${word} wake up`,
      )
      expect(tell({ type: 'granted', id: `m@${word}` }, REPLICA)).to.equal(
        `airlock: m@\u200b${word} may reboot (group db)`,
      )
    })
  }

  it('leaves no markup to Slack, and other names as they are', () => {
    expect(tell({ type: 'paused', reason: '<!channel> & @eve' }, 'eve@desk')).to.equal(
      'airlock: reboots are paused (group db) by eve@desk: &lt;!channel&gt; &amp; @eve',
    )
  })
})
