import { Writable } from 'node:stream'
import { createEvents, type Events } from '../../lib/telemetry/events.js'
import { createLogger } from '../../lib/telemetry/logger.js'
import { createMetrics, type Metrics } from '../../lib/telemetry/metrics.js'

/** Real events, with their log lines (without the time) in a list. */
export function collectingEvents(): { events: Events; metrics: Metrics; lines: readonly string[] } {
  const lines: string[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(
        chunk
          .toString('utf8')
          .trimEnd()
          .replace(/^time="[^"]*" /, ''),
      )
      done()
    },
  })
  const metrics = createMetrics('0.0.0')
  const logger = createLogger({ level: 'trace', format: 'logfmt', stream })
  return { events: createEvents(logger, metrics), metrics, lines }
}
