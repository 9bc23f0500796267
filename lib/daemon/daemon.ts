import { hostname } from 'node:os'
import type { Writable } from 'node:stream'
import type { Cancel, Clock } from '../calendar/clock.js'
import { ConsistencyChecker } from '../checker/consistency-checker.js'
import { sweepOrphans } from '../checker/orphan-sweeper.js'
import type { Problem } from '../config/problem.js'
import type { Settings } from '../config/settings.js'
import { STATUS_LISTENER_BOUNDS } from '../http/bounds.js'
import { Listener, ListenError } from '../http/listener.js'
import { createMainService } from '../http/main-service.js'
import { LockManager } from '../lock/lock-manager.js'
import { ObservedStore } from '../lock/observed-store.js'
import { StorePoller } from '../lock/store-poller.js'
import { Readiness } from '../status/readiness.js'
import { createStatusService } from '../status/status-service.js'
import { openStore } from '../store/open-store.js'
import { StoreError } from '../store/store-error.js'
import type { Store } from '../store/store.js'
import { settingsThatStay } from './settings-that-stay.js'
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

/** How often the records of former holders are looked for, in milliseconds; nobody waits for it. */
const SWEEP_INTERVAL_MS = 5 * 60 * 1000

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
  if ('problems' in opened) return opened
  const logger = createLogger({
    level: logLevel ?? settings.log.level,
    format: settings.log.format,
    stream: logStream,
  })
  const metrics = createMetrics(version)
  const events = createEvents(logger, metrics)
  for (const { path, message } of opened.warnings) events.configWarning(path, message)
  return { daemon: new Daemon(settings, context, { store: opened.store, logger, metrics, events }) }
}

interface Parts {
  readonly store: Store
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
  readonly #manager: LockManager
  readonly #checker: ConsistencyChecker
  readonly #poller: StorePoller
  readonly #notifier: SystemdNotifier
  readonly #readiness: Readiness
  readonly #mainListener: Listener
  readonly #statusListener: Listener
  #cancelSweep: Cancel = () => undefined

  constructor(settings: Settings, context: DaemonContext, parts: Parts) {
    const { store, logger, metrics, events } = parts
    const { clock, environment } = context
    const { groups, slotsSource } = settings.lock
    const timeoutMs = settings.store.transactionTimeoutMs
    this.events = events
    this.#settings = settings
    this.#context = context
    this.#logger = logger
    this.#store = new ObservedStore(store, clock, events)
    const by = `airlock@${hostname()}`
    this.#manager = new LockManager(
      { groups, slotsSource },
      { store: this.#store, clock, events, timeoutMs, by },
    )
    this.#checker = new ConsistencyChecker(groups, events)
    this.#poller = new StorePoller({
      store: this.#store,
      clock,
      timeoutMs,
      onSnapshot: (snapshot) => {
        this.#manager.observe(snapshot)
        this.#checker.check(snapshot)
      },
    })
    this.#notifier = new SystemdNotifier({
      environment,
      clock,
      onTrouble: (reason) => events.systemdNotTold(reason),
    })
    this.#readiness = new Readiness(this.#store, clock)
    const mainService = createMainService({ manager: this.#manager, events, clock })
    const statusService = createStatusService({ metrics, readiness: this.#readiness })
    this.#mainListener = new Listener(mainService, clock)
    this.#statusListener = new Listener(statusService, clock, STATUS_LISTENER_BOUNDS)
  }

  /**
   * Begins to serve; resolves once every address is listened on. The store is not waited for.
   *
   * @throws ListenError when an address cannot be listened on; nothing is left behind then
   */
  async start(): Promise<void> {
    const { service, status, lock } = this.#settings
    try {
      await listenAt('service', this.#mainListener, service)
      if (status.enabled) await listenAt('status', this.#statusListener, status)
    } catch (error) {
      await this.#release()
      throw error
    }
    this.events.groupsConfigured(lock.groups)
    this.#poller.start()
    this.#scheduleSweep()
    const [address = ''] = this.#mainListener.addresses
    this.events.ready({
      service: this.#mainListener.addresses.join(','),
      status: status.enabled ? this.#statusListener.addresses.join(',') : 'disabled',
      store: this.#store.description,
      version: this.#context.version,
    })
    this.events.firstRequestHint(address)
    await this.#notifier.ready()
  }

  /**
   * Puts other settings in force. What cannot change while the daemon runs is reported and stays as it
   * was; undefined instead of settings: the file is invalid, and everything stays.
   */
  async reload(settings: Settings | undefined): Promise<void> {
    await this.#notifier.reloading()
    if (settings !== undefined) {
      const staying = settingsThatStay(this.#settings, settings)
      const { groups, slotsSource } = settings.lock
      this.#settings = { ...this.#settings, lock: settings.lock, log: settings.log }
      this.#logger.setLevel(this.#context.logLevel ?? settings.log.level)
      this.#manager.configure({ groups, slotsSource })
      this.#checker.configure(groups)
      this.events.groupsConfigured(groups)
      this.events.reloaded(staying)
      this.#poller.pollNow()
    }
    await this.#notifier.ready()
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
    this.#cancelSweep()
    await this.#mainListener.close()
    this.#manager.close()
    await Promise.all([this.#poller.stop(), this.#statusListener.close()])
    await this.#store.close()
  }

  #scheduleSweep(): void {
    this.#cancelSweep = this.#context.clock.schedule(SWEEP_INTERVAL_MS, () => {
      void this.#sweep().then(() => this.#scheduleSweep())
    })
  }

  async #sweep(): Promise<void> {
    const { lock, store } = this.#settings
    try {
      for (const { name } of lock.groups) {
        await sweepOrphans(this.#store, name, this.events, store.transactionTimeoutMs)
      }
    } catch (error) {
      this.events.checkFailed(error instanceof Error ? error.message : String(error))
    }
  }
}

async function listenAt(
  section: string,
  listener: Listener,
  { address, port }: { readonly address: string; readonly port: number },
): Promise<void> {
  try {
    await listener.listen(address, port)
  } catch (error) {
    if (!(error instanceof ListenError)) throw error
    throw new ListenError(`${section}.address, ${section}.port: ${error.message}`, { cause: error })
  }
}
