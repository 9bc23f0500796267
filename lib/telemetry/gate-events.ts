import type { Logger } from './logger.js'
import type { Metrics } from './metrics.js'

/** A gate that is in another state than when it was last asked. */
export interface GateChange {
  readonly group: string
  readonly gate: string
  readonly state: 'open' | 'closed' | 'error' | 'ignored_error'
  /** In milliseconds since the epoch. */
  readonly since: number
  /** Why it is not open, or could not be asked. */
  readonly reason?: string | undefined
}

/** Events of the gates in front of a slot. */
export function gateEvents(logger: Logger, metrics: Metrics) {
  return {
    gateChanged({ group, gate, state, since, reason }: GateChange): void {
      const isClosed = state === 'closed' || state === 'error'
      const isFailing = state === 'error' || state === 'ignored_error'
      metrics.gateClosed.set({ group, gate }, isClosed ? 1 : 0)
      metrics.gateSince.set({ group, gate }, since / 1000)
      metrics.gateFailing.set({ group, gate }, isFailing ? 1 : 0)
      if (isFailing) {
        const then = isClosed ? 'it counts as closed' : 'it counts as open'
        logger.log('warn', `a gate cannot be asked; ${then}`, { group, gate, reason })
      } else {
        logger.log('notice', `a gate is ${state}`, { group, gate, reason })
      }
    },

    /** A reload has removed it. */
    gateGone(group: string, gate: string): void {
      metrics.gateClosed.remove({ group, gate })
      metrics.gateSince.remove({ group, gate })
      metrics.gateFailing.remove({ group, gate })
    },
  }
}
