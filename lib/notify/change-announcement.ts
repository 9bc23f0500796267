import type { Change } from '../lock/change.js'
import { ALL_GROUPS, queryEscape } from '../lock/keys.js'
import type { GroupEvent } from '../lock/read-events.js'
import { CHANGE_CLAIM_SECONDS } from './bounds.js'
import type { Announcement, Notification } from './notification.js'

/** What one commit changed, as one announcement; nothing of it may be worth telling. */
export function announceChanges(event: GroupEvent): Announcement {
  const { group, revision, changes } = event
  const name = `change/${queryEscape(group)}/${revision}`
  const notifications = changes.flatMap((change, index) => {
    const told = tell(change)
    if (told === undefined) return []
    return {
      eventId: `${name}/${index}`,
      topics: [told.type],
      group: group === ALL_GROUPS ? undefined : group,
      at: event.at,
      by: event.by,
      ...told,
    }
  })
  return {
    name,
    group,
    claimSeconds: CHANGE_CLAIM_SECONDS,
    topics: notifications.flatMap(({ topics }) => topics),
    notifications: () => notifications,
  }
}

type Told = Pick<Notification, 'type' | 'id' | 'reason' | 'slots'> & Partial<Notification>

/** A group's first slots are no news. */
function tell(change: Change): Told | undefined {
  switch (change.type) {
    case 'granted':
    case 'released':
      return { type: change.type, id: change.id }
    case 'stale-released':
      return {
        type: 'released',
        topics: ['released', 'stale'],
        id: change.id,
        reason: 'it had held its slot for too long and was released by stale_release',
      }
    case 'slots-set':
      if (change.from === null || change.from === change.to) return undefined
      return { type: 'slots-changed', slots: { from: change.from, to: change.to } }
    case 'paused':
      return { type: 'paused', reason: change.reason }
    case 'resumed':
      return { type: 'resumed' }
    default:
      // The ring may hold what a later version has written.
      return undefined
  }
}
