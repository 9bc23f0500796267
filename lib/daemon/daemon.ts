import { hostname } from 'node:os'
import type { Writable } from 'node:stream'
import type { Clock } from '../calendar/clock.js'
import { ConsistencyChecker } from '../checker/consistency-checker.js'
import { StaleWatch } from '../checker/stale-watch.js'
import type { Problem } from '../config/problem.js'
import type { Settings } from '../config/settings.js'
import { LockManager, type LockSettings } from '../lock/lock-manager.js'
import { ObservedStore } from '../lock/observed-store.js'
import { StorePoller } from '../lock/store-poller.js'
import { Readiness } from '../status/readiness.js'
import { openStore } from '../store/open-store.js'
import { StoreError } from '../store/store-error.js'
import type { Store } from '../store/store.js'
import { DaemonGates } from './gates.js'
import { Notifications } from './notifications.js'
import { OrphanSweeps } from './orphan-sweeps.js'
import { readServiceFiles, type AllServiceFiles } from './service-files.js'
import { Services } from './services.js'
import { settingsToReload } from './settings-to-reload.js'
import { SystemdNotifier } from './systemd-notifier.js'
import { createEvents, type Events } from '../telemetry/events.js'
import type { LogLevel } from '../telemetry/log-level.js'
import { createLogger, type Logger } from '../telemetry/logger.js'
import { createMetrics, type Metrics } from '../telemetry/metrics.js'

/** What a daemon takes from the process it runs in. */
export interface DaemonContext {
  readonly clock: Clock
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly logStream: Writable
  /** What the command line says; the configuration decides without it. */
  readonly logLevel: LogLevel | undefined
  readonly version: string
}

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

interface Parts {
  readonly store: Store
  readonly files: AllServiceFiles
  readonly logger: Logger
  readonly metrics: Metrics
  readonly events: Events
}

/**
 * One airlock: the main service, the status service and the store between them.
 *
 * INVARIANTS: `start` once, then `reload` any number of times, then `stop` once; after `stop` nothing of
 * it is left, not even a timer.
 */
export class Daemon {
  readonly events: Events
  #settings: Settings
  readonly #context: DaemonContext
  readonly #logger: Logger
  readonly #store: Store
  readonly #gates: DaemonGates
  readonly #manager: LockManager
  readonly #checker: ConsistencyChecker
  readonly #poller: StorePoller
  readonly #staleWatch: StaleWatch
  readonly #notifications: Notifications
  readonly #notifier: SystemdNotifier
  readonly #readiness: Readiness
  readonly #services: Services
  readonly #sweeps: OrphanSweeps

  constructor(settings: Settings, context: DaemonContext, parts: Parts) {
    const { store, files, logger, metrics, events } = parts
    const { clock, environment } = context
    const { groups } = settings.lock
    const timeoutMs = settings.store.transactionTimeoutMs
    this.events = events
    this.#settings = settings
    this.#context = context
    this.#logger = logger
    this.#store = new ObservedStore(store, clock, events)
    const by = `airlock@${hostname()}`
    const forStore = { store: this.#store, clock, events, timeoutMs, by }
    this.#notifications = new Notifications(settings.notify, forStore)
    this.#gates = new DaemonGates(settings, {
      clock,
      events,
      onFailing: (gate) => this.#notifications.gateFailing(gate),
    })
    this.#manager = new LockManager(this.#lockSettings(), {
      ...forStore,
      watchStore: () => this.#poller.watch(),
      onChange: (event) => this.#notifications.changed(event),
    })
    this.#checker = new ConsistencyChecker(groups, events)
    this.#poller = new StorePoller({
      store: this.#store,
      clock,
      timeoutMs,
      onSnapshot: (snapshot) => {
        this.#manager.observe(snapshot)
        this.#checker.check(snapshot)
        this.#notifications.observe(snapshot)
      },
    })
    this.#staleWatch = new StaleWatch(groups, {
      ...forStore,
      mayRelease: (group) => this.#gates.mayRelease(group),
      onStale: (judged) => this.#notifications.stale(judged),
    })
    this.#sweeps = new OrphanSweeps({ ...forStore, groups: () => this.#settings.lock.groups })
    this.#notifier = new SystemdNotifier({
      environment,
      clock,
      onTrouble: (reason) => events.systemdNotTold(reason),
    })
    this.#readiness = new Readiness(this.#store, clock)
    this.#services = new Services(settings, files, {
      manager: this.#notifications.watch(this.#manager),
      readiness: this.#readiness,
      metrics,
      events,
      clock,
    })
  }

  /**
   * Begins to serve; resolves once every address is listened on. The store is not waited for.
   *
   * @throws ListenError when an address cannot be listened on; nothing is left behind then
   */
  async start(): Promise<void> {
    const { service, status, lock } = this.#settings
    try {
      await this.#services.listen(this.#settings)
    } catch (error) {
      await this.#release()
      throw error
    }
    this.events.groupsConfigured(lock.groups)
    this.#poller.start()
    this.#staleWatch.start()
    this.#sweeps.start()
    const addresses = this.#services.addressesOf('service')
    this.events.ready({
      service: addresses.join(','),
      status: status.enabled ? this.#services.addressesOf('status').join(',') : 'disabled',
      store: this.#store.description,
      version: this.#context.version,
    })
    const scheme = service.tls === false ? 'http' : 'https'
    const url = `${scheme}://${addresses[0] ?? ''}`
    this.events.firstRequestHint(url, this.#services.isGuarded)
    await this.#notifier.ready()
  }

  /**
   * Puts other settings in force. What cannot change while the daemon runs is reported and stays as it
   * was. Undefined instead of settings: the file is invalid, and everything stays; so it does when a
   * file that the settings name cannot be used.
   */
  async reload(settings: Settings | undefined): Promise<void> {
    await this.#notifier.reloading()
    if (settings !== undefined) await this.#reload(settings)
    await this.#notifier.ready()
  }

  async #reload(next: Settings): Promise<void> {
    const { settings, staying } = settingsToReload(this.#settings, next)
    const files = await readServiceFiles(settings)
    if (files.problems.length > 0) {
      const lines = files.problems.map(({ path, message }) => `${path}: ${message}`)
      this.events.reloadRefused(lines.join('; '))
      return
    }
    for (const { path, message } of files.warnings) this.events.configWarning(path, message)
    const { groups } = settings.lock
    this.#settings = settings
    this.#logger.setLevel(this.#context.logLevel ?? settings.log.level)
    this.#notifications.configure(settings.notify)
    this.#gates.configure(settings)
    this.#manager.configure(this.#lockSettings())
    this.#checker.configure(groups)
    this.#staleWatch.configure(groups)
    this.#services.reload(settings, files)
    this.events.groupsConfigured(groups)
    this.events.reloaded(staying)
    this.#poller.pollNow()
  }

  /** Stops accepting, finishes what is under way within a bound, and gives everything back. */
  async stop(reason: string): Promise<void> {
    this.events.stopping(reason)
    this.#readiness.stop()
    await this.#notifier.stopping()
    await this.#release()
    this.events.stopped()
  }

  async #release(): Promise<void> {
    this.#sweeps.stop()
    // Who waits for a slot would hold up the listener until its bound.
    this.#manager.endWaiting()
    await this.#services.closeMain()
    this.#manager.close()
    this.#gates.stop()
    await Promise.all([this.#poller.stop(), this.#staleWatch.stop(), this.#services.closeStatus()])
    await this.#notifications.stop()
    await this.#store.close()
  }

  #lockSettings(): LockSettings {
    return { ...this.#settings.lock, gatesOf: (group) => this.#gates.of(group) }
  }
}
