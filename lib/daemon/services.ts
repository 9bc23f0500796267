import type { Clock } from '../calendar/clock.js'
import type { ListenerSettings, Settings } from '../config/settings.js'
import { BcryptThread } from '../credentials/bcrypt-thread.js'
import { LISTENER_BOUNDS, STATUS_LISTENER_BOUNDS } from '../http/bounds.js'
import { Door, type DoorSettings } from '../http/door.js'
import { Listener, ListenError } from '../http/listener.js'
import { createMainService } from '../http/main-service.js'
import { Standstill } from '../http/standstill.js'
import type { Locks } from '../lock/lock-manager.js'
import { readAssets } from '../status/page/assets.js'
import { LivePage } from '../status/page/live-page.js'
import type { Readiness } from '../status/readiness.js'
import { createStatusService } from '../status/status-service.js'
import type { StatusSource } from '../status/status-source.js'
import type { ServiceName } from '../telemetry/door-events.js'
import type { Events } from '../telemetry/events.js'
import type { Metrics } from '../telemetry/metrics.js'
import { ServiceCredentials } from './service-credentials.js'
import type { AllServiceFiles } from './service-files.js'
import { processorMs } from './system-clock.js'

/** What the services need of the rest of the daemon. */
export interface ServicesOptions {
  readonly manager: Locks
  readonly readiness: Readiness
  readonly source: StatusSource
  readonly metrics: Metrics
  readonly events: Events
  readonly clock: Clock
}

/**
 * The main and the status service: their listeners, and whom they let in.
 *
 * INVARIANTS: `listen` once, then `reload` any number of times, then `closeMain` and `closeStatus` once.
 */
export class Services {
  readonly #bcrypt = new BcryptThread()
  readonly #credentials: Readonly<Record<ServiceName, ServiceCredentials>>
  readonly #listeners: Readonly<Record<ServiceName, Listener>>
  readonly #door: Door
  readonly #standstill: Standstill
  readonly #page: LivePage

  /** `files` are those of the settings, without problems. */
  constructor(settings: Settings, files: AllServiceFiles, options: ServicesOptions) {
    const { manager, readiness, source, metrics, events, clock } = options
    const forCredentials = { clock, events, comparer: this.#bcrypt }
    const service = new ServiceCredentials('service', files.service, forCredentials)
    const status = new ServiceCredentials('status', files.status, forCredentials)
    this.#credentials = { service, status }
    this.#door = new Door(doorSettings(settings), service.gate, clock)
    this.#standstill = new Standstill(clock, processorMs)
    const main = createMainService({
      manager,
      door: this.#door,
      events,
      clock,
      standstill: this.#standstill,
    })
    const assets = readAssets()
    this.#page = new LivePage(source, clock, assets.build)
    const shown = createStatusService({
      metrics,
      readiness,
      source,
      page: this.#page,
      assets,
      events,
      gate: status.gate,
    })
    this.#listeners = {
      service: new Listener(main, clock, LISTENER_BOUNDS, service.listenerTls),
      status: new Listener(shown, clock, STATUS_LISTENER_BOUNDS, status.listenerTls),
    }
  }

  /** Where a service listens, as `host:port`; nowhere if it is off. */
  addressesOf(service: ServiceName): readonly string[] {
    return this.#listeners[service].addresses
  }

  /** Whether the main service asks for a user and a password. */
  get isGuarded(): boolean {
    return this.#credentials.service.gate.isClosed
  }

  /**
   * Begins to listen, and to watch the files.
   *
   * @throws ListenError when an address cannot be listened on
   */
  async listen({ service, status }: Settings): Promise<void> {
    const { service: main, status: shown } = this.#listeners
    await listenAt('service', main, service)
    if (status.enabled) await listenAt('status', shown, status)
    this.#standstill.start()
    this.#credentials.service.start(main)
    this.#credentials.status.start(shown)
  }

  /** Puts other settings and their files, which have no problems, in force. */
  reload(settings: Settings, files: AllServiceFiles): void {
    this.#door.configure(doorSettings(settings))
    this.#credentials.service.replace(files.service)
    this.#credentials.status.replace(files.status)
  }

  /** Stops accepting at the main service, and lets what is under way finish within a bound. */
  async closeMain(): Promise<void> {
    this.#credentials.service.stop()
    await this.#listeners.service.close()
    this.#standstill.stop()
  }

  /** Likewise at the status service; with it goes what both have used. */
  async closeStatus(): Promise<void> {
    this.#credentials.status.stop()
    this.#page.close()
    await this.#listeners.status.close()
    await this.#bcrypt.close()
  }
}

function doorSettings({ service, lock }: Settings): DoorSettings {
  const { trustedProxies, maxRequestsPerMinute } = service
  return { trustedProxies, maxRequestsPerMinute, groups: lock.groups }
}

async function listenAt(
  section: ServiceName,
  listener: Listener,
  { address, port }: ListenerSettings,
): Promise<void> {
  try {
    await listener.listen(address, port)
  } catch (error) {
    if (!(error instanceof ListenError)) throw error
    throw new ListenError(`${section}.address, ${section}.port: ${error.message}`, { cause: error })
  }
}
