import { MAX_TEXT_LENGTH } from './bounds.js'
import { isReplica } from './replica-name.js'

/** What can be told; a closed set. */
export type NotificationType =
  | 'granted'
  | 'released'
  | 'refused-for-longer-than'
  | 'stale'
  | 'paused'
  | 'resumed'
  | 'slots-changed'
  | 'gate-failing'

/** One thing to tell. */
export interface Notification {
  /** The same for every attempt and every replica. */
  readonly eventId: string
  readonly type: NotificationType
  /** Webhooks that want one of these are told; `type` is among them. */
  readonly topics: readonly NotificationType[]
  /** Undefined: all groups. */
  readonly group: string | undefined
  /** The machine. */
  readonly id?: string
  /** RFC 3339. */
  readonly at: string
  /** By whose hand, `user@host`; undefined for what only happened. */
  readonly by?: string
  /** Why; a sentence or an operator's words. */
  readonly reason?: string
  readonly slots?: { readonly from: number; readonly to: number }
}

/** Notifications that are claimed together, and told by one replica. */
export interface Announcement {
  /** Unique for what happened; a part of a key. */
  readonly name: string
  /** Those of one group are claimed in order; `*` for what concerns all. */
  readonly group: string
  /** For how long no other replica may claim it. */
  readonly claimSeconds: number
  /** Composes what to tell; `claim` is the store's revision at which it was claimed. */
  readonly notifications: (claim: number) => readonly Notification[]
  /** What the notifications are about: whether anybody wants them is known before they are claimed. */
  readonly topics: readonly NotificationType[]
}

/** The body that a webhook gets; docs/notifications.md describes it. */
export function printBody(notification: Notification): string {
  const { eventId, type, group, id, at, by, reason, slots } = notification
  return JSON.stringify({
    version: 1,
    text: describe(notification),
    event_id: eventId,
    // Not "type": Mattermost takes that for a post's type and refuses the post.
    event: type,
    group: group ?? null,
    id: id ?? null,
    at,
    by: by ?? null,
    reason: reason ?? null,
    slots: slots ?? null,
  })
}

/** One sentence for people, in a form that Slack and Mattermost take literally. */
function describe(notification: Notification): string {
  const { type, group, id, by, reason, slots } = notification
  const what = group === undefined ? 'all groups' : `group ${group}`
  const machine = id ?? 'a machine'
  const isStaleRelease = type === 'released' && notification.topics.includes('stale')
  const isByHand = !isStaleRelease && !isOfMachine(notification)
  const released = isStaleRelease ? 'was released as stale' : isByHand ? 'was unlocked' : 'is back'
  const sentences: Readonly<Record<NotificationType, string>> = {
    granted: `${machine} ${isByHand ? 'was given a slot' : 'may reboot'} (${what})`,
    released: `${machine} ${released} (${what})`,
    'refused-for-longer-than': `${machine} is still refused a slot (${what})`,
    stale: `${machine} has held its slot for too long (${what})`,
    paused: `reboots are paused (${what})`,
    resumed: `reboots go on (${what})`,
    'slots-changed': `slots: ${slots?.from ?? '?'} -> ${slots?.to ?? '?'} (${what})`,
    'gate-failing': `a gate cannot be asked (${what})`,
  }
  const parts = [
    `airlock: ${sentences[type]}`,
    by !== undefined && isByHand ? ` by ${by}` : '',
    reason && `: ${reason}`,
  ]
  return escape(parts.join('').slice(0, MAX_TEXT_LENGTH))
}

/** Whether a machine has asked for it: a replica signs for that then. */
function isOfMachine({ type, by }: Notification): boolean {
  return (type === 'granted' || type === 'released') && by !== undefined && isReplica(by)
}

/** Slack takes `<!channel>`, Mattermost `@channel` for a call to everybody; anybody may send an id. */
function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/@(?=all|channel|everyone|here)/gi, '@\u200b')
}
