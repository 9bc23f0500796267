import type { Logger } from './logger.js'
import type { Metrics } from './metrics.js'

/** A webhook as the log names it: its URL may hold a secret. */
interface WebhookName {
  /** `notify.webhook[0]` */
  readonly place: string
  readonly host: string
}

/** What became of a notification; a closed set. */
export type NotificationOutcome = 'delivered' | 'refused' | 'expired' | 'dropped'

/** What happens to notifications on their way to webhooks. */
export function notifyEvents(logger: Logger, metrics: Metrics) {
  return {
    notificationDelivered({ place, host }: WebhookName, event: string): void {
      metrics.notifications.inc({ event, outcome: 'delivered' })
      logger.log('debug', 'notification delivered', { webhook: place, host, event })
    },

    /** `outcome`: the receiver refused it, it was too old, or there were too many. */
    notificationLost(
      { place, host }: WebhookName,
      event: string,
      outcome: Exclude<NotificationOutcome, 'delivered'>,
      reason: string,
    ): void {
      metrics.notifications.inc({ event, outcome })
      logger.log('error', 'a notification is lost', {
        webhook: place,
        host,
        event,
        outcome,
        reason,
      })
    },

    /** The line is written when the trouble begins, not for each attempt. */
    webhookFailing({ place, host }: WebhookName, reason: string, isNew: boolean): void {
      metrics.notificationAttempts.inc()
      const level = isNew ? 'warn' : 'debug'
      logger.log(level, 'a webhook cannot be reached; trying again', {
        webhook: place,
        host,
        reason,
      })
    },

    webhookWorksAgain({ place, host }: WebhookName): void {
      logger.log('notice', 'a webhook can be reached again', { webhook: place, host })
    },

    notificationsQueued({ place }: WebhookName, length: number): void {
      metrics.notificationQueue.set({ webhook: place }, length)
    },

    webhooksConfigured(): void {
      metrics.notificationQueue.reset()
    },

    notificationNotClaimed(name: string, reason: string): void {
      logger.log('debug', 'a notification could not be claimed; trying again', { name, reason })
    },

    notificationsForgotten(count: number, reason: string): void {
      logger.log('error', 'notifications are lost', { count, reason })
    },
  }
}
