import type { Clock } from '../calendar/clock.js'
import type { ErrorReply } from '../fleetlock/kinds.js'
import type { NodeIdentity } from '../semaphore/node-identity.js'
import type { Api } from '../telemetry/metrics.js'
import { AccessRules, type GroupAccess } from './access-rules.js'
import { countingKey, Networks } from './client-address.js'
import type { CredentialsGate, CredentialsRefusal } from './credentials-gate.js'
import { TokenBuckets } from './token-buckets.js'

/** Whom the main service answers, beside what the password file says. */
export interface DoorSettings {
  /** Addresses and networks whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[]
  /** Pre-reboot requests of one address; 0: any number. */
  readonly maxRequestsPerMinute: number
  readonly groups: readonly GroupAccess[]
}

/** Who asks; or how they are answered, and why, if their credentials are the reason. */
export type Entry =
  | { readonly user: string | undefined }
  | { readonly reply: ErrorReply; readonly refusal?: CredentialsRefusal }

const REPLIES: Readonly<Record<CredentialsRefusal, ErrorReply>> = {
  missing: {
    kind: 'unauthorized',
    value:
      'a user and a password are needed (HTTP Basic); Zincati takes them from its base_url, https://USER:PASSWORD@HOST/',
  },
  wrong: { kind: 'unauthorized', value: 'the user or the password is wrong' },
  limited: {
    kind: 'too_many_requests',
    value: 'too many wrong users or passwords from this address; try again in some minutes',
  },
  busy: {
    kind: 'too_many_requests',
    value: 'too many passwords wait to be checked; try again in some minutes',
  },
  // Nobody hears it; this is what is counted and logged.
  gone: {
    kind: 'request_timeout',
    value: 'the client has gone away before its password was checked',
  },
}

const PASSWORDS_CHANGED: ErrorReply = {
  kind: 'unauthorized',
  value: 'the password file has changed while this request waited; ask again',
}

const FORBIDDEN = { user: 'this user', id: 'this id' } as const

/** Decides whom the main service answers, before and after the body of a request is read. */
export class Door {
  readonly #gate: CredentialsGate
  readonly #clock: Clock
  #settings: DoorSettings
  #proxies: Networks
  #rules: AccessRules
  #requests: TokenBuckets | undefined

  constructor(settings: DoorSettings, gate: CredentialsGate, clock: Clock) {
    this.#gate = gate
    this.#clock = clock
    this.#settings = settings
    this.#proxies = new Networks(settings.trustedProxies)
    this.#rules = new AccessRules(settings.groups)
    this.#requests = this.#createBuckets(settings)
  }

  /** Puts other settings in force, at a reload. */
  configure(settings: DoorSettings): void {
    const { maxRequestsPerMinute } = this.#settings
    this.#settings = settings
    this.#proxies = new Networks(settings.trustedProxies)
    this.#rules = new AccessRules(settings.groups)
    if (settings.maxRequestsPerMinute !== maxRequestsPerMinute) {
      this.#requests = this.#createBuckets(settings)
    }
  }

  /** Whether an address is a proxy of ours. */
  trusts(address: string): boolean {
    return this.#proxies.has(address)
  }

  /** Judges who asks, before the body of the request is read. */
  async admit(
    api: Api,
    header: string | undefined,
    address: string,
    isGone: () => boolean,
  ): Promise<Entry> {
    const admission = await this.#gate.check(header, address, isGone)
    if ('refusal' in admission) {
      const { refusal } = admission
      return { reply: REPLIES[refusal], refusal }
    }
    // A steady-state that is refused would freeze its machine's updates.
    if (api === 'steady_state' || this.#requests?.take(countingKey(address)) !== false) {
      return admission
    }
    const most = this.#settings.maxRequestsPerMinute
    const value = `this address asks more than ${most} times a minute; try again later`
    return { reply: { kind: 'too_many_requests', value } }
  }

  /** How a node is answered that may not be asked for by this user; undefined if it may. */
  permit(identity: NodeIdentity, user: string | undefined): ErrorReply | undefined {
    const lacking = this.#rules.check(identity, user)
    if (lacking === undefined) return undefined
    const value = `${FORBIDDEN[lacking]} may not use the group ${JSON.stringify(identity.group)}`
    return { kind: 'forbidden', value }
  }

  /**
   * How a node is answered that was let in and permitted, but would not be any more: the password file
   * or the settings have changed since. Undefined if it still may.
   */
  revoke(
    header: string | undefined,
    identity: NodeIdentity,
    user: string | undefined,
  ): ErrorReply | undefined {
    return this.#gate.isStillGood(header) ? this.permit(identity, user) : PASSWORDS_CHANGED
  }

  #createBuckets({ maxRequestsPerMinute: most }: DoorSettings): TokenBuckets | undefined {
    if (most === 0) return undefined
    return new TokenBuckets(this.#clock, { capacity: most, perMinute: most })
  }
}
