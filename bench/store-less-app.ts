import { loadSettings } from '../lib/config/load-settings.js'
import { processorMs, systemClock } from '../lib/daemon/system-clock.js'
import { BcryptThread } from '../lib/credentials/bcrypt-thread.js'
import { CredentialsGate } from '../lib/http/credentials-gate.js'
import { Door } from '../lib/http/door.js'
import { Listener } from '../lib/http/listener.js'
import { createMainService } from '../lib/http/main-service.js'
import { Standstill } from '../lib/http/standstill.js'
import type { Outcome } from '../lib/lock/batch.js'
import { LockManager } from '../lib/lock/lock-manager.js'
import type { Store } from '../lib/store/store.js'
import { createEvents } from '../lib/telemetry/events.js'
import { LOG_LEVELS } from '../lib/telemetry/log-level.js'
import { createLogger } from '../lib/telemetry/logger.js'
import { createMetrics } from '../lib/telemetry/metrics.js'

/** Grants everything, and remembers nothing. */
class StoreLessManager extends LockManager {
  override lock(): Promise<Outcome> {
    return Promise.resolve({ outcome: 'acquired' })
  }

  override unlock(): Promise<Outcome> {
    return Promise.resolve({ outcome: 'released' })
  }
}

/** What the daemon would be if its store cost nothing: the same main service, answering 200 at once. */
async function serve(configPath: string, level: string | undefined): Promise<void> {
  const loaded = await loadSettings(configPath, {}, { nodeMajor: 0 })
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  const { service, lock, log } = loaded.settings
  const logger = createLogger({
    level: LOG_LEVELS.find((known) => known === level) ?? log.level,
    format: log.format,
    stream: process.stdout,
  })
  const events = createEvents(logger, createMetrics(''))
  const clock = systemClock
  const manager = new StoreLessManager(
    { ...lock, groups: [] },
    { store: NO_STORE, clock, events, timeoutMs: 0, by: '', watchStore: () => () => undefined },
  )
  const gate = new CredentialsGate(undefined, { clock, comparer: new BcryptThread() })
  const door = new Door({ ...service, groups: lock.groups }, gate, clock)
  const standstill = new Standstill(clock, processorMs)
  standstill.start()
  const main = createMainService({ manager, door, events, clock, standstill })
  const listener = new Listener(main, clock)
  await listener.listen(service.address, service.port)
}

const NO_STORE: Store = {
  description: 'none',
  read: () => Promise.reject(new Error('there is no store')),
  commit: () => Promise.reject(new Error('there is no store')),
  probe: () => Promise.resolve([]),
  close: () => Promise.resolve(),
}

await serve(process.argv[2] ?? '', process.argv[3])
