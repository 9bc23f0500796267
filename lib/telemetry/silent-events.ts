import { createEvents, type Events } from './events.js'
import { createMetrics } from './metrics.js'
import type { Logger } from './logger.js'

/** Events that nobody hears of: a command tells its own outcome. */
export function silentEvents(): Events {
  const logger: Logger = {
    log: () => undefined,
    isEnabled: () => false,
    setLevel: () => undefined,
  }
  return createEvents(logger, createMetrics(''))
}
