import type { LogFields, Logger } from './logger.js'
import type { Metrics } from './metrics.js'

/** A group's slots, and how many of them are held, in the store. */
export interface GroupFigures {
  readonly group: string
  readonly totalSlots: number
  readonly holders: number
}

/** What happens to groups as a whole. */
export function groupEvents(logger: Logger, metrics: Metrics) {
  let configured: readonly string[] = []
  return {
    /** Gauges of groups that are gone go with them; counters stay: what they have counted has happened. */
    groupsConfigured(groups: readonly { readonly name: string; readonly slots: number }[]): void {
      metrics.configGroups.set(groups.length)
      for (const gauge of [metrics.configSlots, metrics.databaseSlots, metrics.databaseHolders]) {
        gauge.reset()
      }
      for (const { name, slots } of groups) metrics.configSlots.set({ group: name }, slots)
      // Who waits for the others is told only when it changes.
      const names = groups.map(({ name }) => name)
      for (const group of configured) if (!names.includes(group)) metrics.waiters.remove({ group })
      configured = names
    },

    groupObserved({ group, totalSlots, holders }: GroupFigures): void {
      metrics.databaseSlots.set({ group }, totalSlots)
      metrics.databaseHolders.set({ group }, holders)
    },

    /** There is no semaphore of it in the store, or none that can be read: its last figures are not true. */
    groupNotObserved(group: string): void {
      metrics.databaseSlots.remove({ group })
      metrics.databaseHolders.remove({ group })
    },

    waitersChanged(group: string, count: number): void {
      metrics.waiters.set({ group }, count)
    },

    waited(seconds: number): void {
      metrics.waitDuration.observe(seconds)
    },

    slotsApplied(group: string, from: number | undefined, to: number): void {
      const fields: LogFields = { group, from, to }
      if (from === to) logger.log('debug', 'slots taken over from the configuration', fields)
      else logger.log('notice', 'slots applied from the configuration', fields)
    },

    slotsMismatch(group: string, configured: number, stored: number): void {
      logger.log('warn', 'slots in the store differ from the configuration; the store decides', {
        group,
        configured,
        stored,
      })
    },

    mismatchesCounted(counts: Readonly<Record<string, number>>): void {
      for (const [kind, count] of Object.entries(counts)) metrics.mismatches.set({ kind }, count)
    },

    orphansRemoved(group: string, ids: readonly string[]): void {
      logger.log('notice', 'removed records of machines that hold no slot', {
        group,
        ids: ids.join(','),
      })
    },

    checkFailed(reason: string): void {
      logger.log('debug', 'consistency check failed', { reason })
    },
  }
}
