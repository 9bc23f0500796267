import type { Problem } from '../config/problem.js'
import type { Settings } from '../config/settings.js'
import { openStore } from '../store/open-store.js'
import { StoreError } from '../store/store-error.js'
import { createEvents } from '../telemetry/events.js'
import { createLogger } from '../telemetry/logger.js'
import { createMetrics } from '../telemetry/metrics.js'
import { Daemon, type DaemonContext } from './daemon.js'
import { readServiceFiles } from './service-files.js'

/** A daemon to start, or why the settings cannot be used on this machine. */
export type CreatedDaemon = { readonly daemon: Daemon } | { readonly problems: readonly Problem[] }

/** Puts a daemon together; nothing listens yet, and an etcd that is down is no problem. */
export async function createDaemon(
  settings: Settings,
  context: DaemonContext,
): Promise<CreatedDaemon> {
  const { clock, environment, logStream, logLevel, version } = context
  const opened = await openStore(settings.store, { clock, environment }).catch((error: unknown) => {
    if (!(error instanceof StoreError)) throw error
    return { problems: [{ path: 'store.path', message: error.message }] }
  })
  const files = await readServiceFiles(settings)
  const problems = 'problems' in opened ? opened.problems : []
  if ('problems' in opened || files.problems.length > 0) {
    if ('store' in opened) await opened.store.close()
    return { problems: [...problems, ...files.problems] }
  }
  const logger = createLogger({
    level: logLevel ?? settings.log.level,
    format: settings.log.format,
    stream: logStream,
  })
  const metrics = createMetrics(version)
  const events = createEvents(logger, metrics)
  for (const { path, message } of [...opened.warnings, ...files.warnings]) {
    events.configWarning(path, message)
  }
  return {
    daemon: new Daemon(settings, context, { store: opened.store, files, logger, metrics, events }),
  }
}
