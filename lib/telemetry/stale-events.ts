import type { Logger } from './logger.js'
import type { Metrics } from './metrics.js'

/** A node that holds its slot for long. */
interface LongHold {
  readonly group: string
  readonly id: string
  /** In milliseconds since the epoch; undefined where a coreos/airlock granted. */
  readonly since: number | undefined
  readonly heldForSeconds: number
}

/** What is found out about those that hold for long, and done about them. */
export function staleEvents(logger: Logger, metrics: Metrics) {
  return {
    /** Groups may be gone. */
    staleGroupsConfigured(): void {
      metrics.staleHolders.reset()
      metrics.oldestHolderAge.reset()
    },

    holdersObserved(group: string, { oldestSeconds, stale }: HoldersFigures): void {
      metrics.staleHolders.set({ group }, stale)
      metrics.oldestHolderAge.set({ group }, oldestSeconds)
    },

    holderStale(hold: LongHold): void {
      logger.log('warn', 'a machine has held its slot for too long', fieldsOf(hold))
    },

    staleReleased(hold: LongHold): void {
      metrics.staleReleases.inc({ group: hold.group })
      logger.log('error', 'released a machine that had held its slot for too long', fieldsOf(hold))
    },

    staleReleaseUncertain(hold: LongHold, reason: string): void {
      logger.log('error', 'a machine that had held its slot for too long may have been released', {
        ...fieldsOf(hold),
        reason,
      })
    },

    staleNotReleased(group: string, id: string, reason: string): void {
      logger.log('warn', 'a machine that holds its slot for too long is not released', {
        group,
        id,
        reason,
      })
    },
  }
}

interface HoldersFigures {
  readonly oldestSeconds: number
  readonly stale: number
}

function fieldsOf({ group, id, since, heldForSeconds }: LongHold) {
  return {
    group,
    id,
    since: since === undefined ? 'unknown' : new Date(since).toISOString(),
    held_for_minutes: Math.floor(heldForSeconds / 60),
  }
}
