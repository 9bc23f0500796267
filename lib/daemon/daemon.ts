import { hostname } from 'node:os'
import type { Writable } from 'node:stream'
import type { Clock } from '../calendar/clock.js'
import { ConsistencyChecker } from '../checker/consistency-checker.js'
import { StaleWatch } from '../checker/stale-watch.js'
import type { Settings } from '../config/settings.js'
import { LockManager, type LockSettings } from '../lock/lock-manager.js'
import { ObservedStore } from '../lock/observed-store.js'
import { RefusedMachines, type RefusedMachine } from '../lock/refused-machines.js'
import { StorePoller } from '../lock/store-poller.js'
import { Readiness } from '../status/readiness.js'
import type { Store } from '../store/store.js'
import { DaemonGates } from './gates.js'
import { Notifications } from './notifications.js'
import { OrphanSweeps } from './orphan-sweeps.js'
import { readServiceFiles, type AllServiceFiles } from './service-files.js'
import { Services } from './services.js'
import { settingsToReload } from './settings-to-reload.js'
import { StatusBoard } from './status-board.js'
import { SystemdNotifier } from './systemd-notifier.js'
import type { Events } from '../telemetry/events.js'
import type { LogLevel } from '../telemetry/log-level.js'
import type { Logger } from '../telemetry/logger.js'
import type { Metrics } from '../telemetry/metrics.js'

/** What a daemon takes from the process it runs in. */
export interface DaemonContext {
  readonly clock: Clock
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly logStream: Writable
  /** What the command line says; the configuration decides without it. */
  readonly logLevel: LogLevel | undefined
  readonly version: string
}

/** What a daemon is made of, ready to use; it closes the store. */
export interface DaemonParts {
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
  readonly #board: StatusBoard
  readonly #sweeps: OrphanSweeps

  constructor(settings: Settings, context: DaemonContext, parts: DaemonParts) {
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
    const refused = new RefusedMachines({
      clock,
      onRefused: (machine) => this.#noteRefused(machine),
      onGone: () => this.#board.status.noteChange(),
    })
    this.#board = new StatusBoard(settings, files, {
      store: this.#store,
      clock,
      events,
      timeoutMs,
      version: context.version,
      watchStore: () => this.#poller.watch(),
      waitersOf: (group, count) => this.#manager.waitersOf(group, count),
      gatesOf: (group) => this.#gates.reportOf(group),
      ageOf: (hold) => this.#staleWatch.ageOf(hold),
      refused: () => refused.list(),
    })
    this.#gates = new DaemonGates(settings, {
      clock,
      events,
      onFailing: (gate) => this.#notifications.gateFailing(gate),
      onChange: () => this.#board.status.noteChange(),
    })
    this.#manager = new LockManager(this.#lockSettings(), {
      ...forStore,
      watchStore: () => this.#poller.watch(),
      onWaitersChange: () => this.#board.status.noteChange(),
      onChange: (event) => {
        this.#notifications.changed(event)
        this.#board.status.noteStoreChange()
      },
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
        this.#board.status.observe(snapshot)
      },
      onFailure: (error) => this.#board.status.storeFailed(error),
    })
    this.#staleWatch = new StaleWatch(groups, {
      ...forStore,
      mayRelease: (group) => this.#gates.mayRelease(group),
      onStale: (judged) => this.#notifications.stale(judged),
      onUncertain: (group, reason) => this.#manager.noteUncertain(group, reason),
    })
    this.#sweeps = new OrphanSweeps({ ...forStore, groups: () => this.#settings.lock.groups })
    this.#notifier = new SystemdNotifier({
      environment,
      clock,
      onTrouble: (reason) => events.systemdNotTold(reason),
    })
    this.#readiness = new Readiness(this.#store, clock)
    this.#services = new Services(settings, files, {
      manager: refused.watch(this.#manager),
      readiness: this.#readiness,
      source: this.#board.status,
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
    this.#board.start()
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
    this.#board.configure(settings, files)
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
    this.#board.stop()
    await Promise.all([this.#poller.stop(), this.#staleWatch.stop(), this.#services.closeStatus()])
    await this.#notifications.stop()
    await this.#store.close()
  }

  #noteRefused(machine: RefusedMachine): void {
    this.#notifications.refused(machine)
    this.#board.status.noteChange()
  }

  #lockSettings(): LockSettings {
    return { ...this.#settings.lock, gatesOf: (group) => this.#gates.of(group) }
  }
}
