import { EtcdPermissionDeniedError, type Etcd3 } from 'etcd3'
import type { Clock } from '../calendar/clock.js'
import { explainEtcdError } from './etcd-failure.js'
import type { EndpointHealth } from './store.js'

/** What a look at an etcd's endpoints needs. */
export interface EtcdEndpointsOptions {
  readonly endpoints: readonly string[]
  readonly clock: Clock
  /** A client of that endpoint alone, which is kept: a handshake costs more than all that follows. */
  readonly createClient: (endpoint: string) => Etcd3
}

/** A member that is cut off from the others says so by this. */
const NO_LEADER = '0'

/**
 * Asks each endpoint of an etcd by itself how it is; the client of a store only tells of all together.
 *
 * INVARIANTS: no client is made before the first probe; after `close` there is none left.
 */
export class EtcdEndpoints {
  readonly #options: EtcdEndpointsOptions
  readonly #clients = new Map<string, Etcd3>()
  /** Why an endpoint failed last, for while its client sets it aside and has no reason of its own. */
  readonly #reasons = new Map<string, string>()
  #isClosed = false

  constructor(options: EtcdEndpointsOptions) {
    this.#options = options
  }

  /** See {@link Store.probe}. */
  probe(timeoutMs: number): Promise<readonly EndpointHealth[]> {
    const { endpoints } = this.#options
    return Promise.all(endpoints.map((endpoint) => this.#probeOne(endpoint, timeoutMs)))
  }

  close(): void {
    this.#isClosed = true
    for (const client of this.#clients.values()) client.close()
    this.#clients.clear()
  }

  async #probeOne(endpoint: string, timeoutMs: number): Promise<EndpointHealth> {
    if (this.#isClosed) return { endpoint, error: 'the store is closed' }
    const { clock } = this.#options
    const begin = clock.monotonic()
    let cancel = (): void => undefined
    const late = new Promise<string>((resolve) => {
      cancel = clock.schedule(timeoutMs, () => resolve('it did not answer in time'))
    })
    const error = await Promise.race([this.#ask(endpoint), late])
    cancel()
    if (error === undefined) return { endpoint, latencyMs: clock.monotonic() - begin }
    return { endpoint, error }
  }

  /** Why the endpoint does not answer; undefined if it does. */
  async #ask(endpoint: string): Promise<string | undefined> {
    try {
      const { leader } = await this.#clientOf(endpoint).maintenance.status()
      return leader === NO_LEADER ? 'it sees no leader of its cluster' : undefined
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause))
      // It has answered; what this user may do is another matter.
      if (error instanceof EtcdPermissionDeniedError) return undefined
      const { message, isSetAside } = explainEtcdError(error)
      const reason = (isSetAside ? this.#reasons.get(endpoint) : undefined) ?? message
      this.#reasons.set(endpoint, reason)
      return reason
    }
  }

  #clientOf(endpoint: string): Etcd3 {
    const client = this.#clients.get(endpoint) ?? this.#options.createClient(endpoint)
    this.#clients.set(endpoint, client)
    return client
  }
}
