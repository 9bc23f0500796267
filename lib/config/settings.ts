import type { Blackout } from '../calendar/reboot-calendar.js'
import type { RebootWindow } from '../calendar/weekly-windows.js'
import type { NodeNames } from './node-names.js'
import type { WEBHOOK_EVENTS } from './webhook-events.js'

/**
 * The configuration once it is valid, frozen to its depth. Whether files that it names can be read
 * is only known to who reads them.
 */
export interface Settings {
  readonly service: ServiceSettings
  readonly status: StatusSettings
  /** What people call their nodes; what a file says too is as it stands here. */
  readonly nodes: NodeNames
  readonly store: StoreSettings
  readonly lock: LockSettings
  readonly gates: GateSettings
  readonly notify: NotifySettings
  readonly log: LogSettings
}

/** What is logged, and how. */
export interface LogSettings {
  readonly format: 'logfmt' | 'json'
  /** `-v` and `--log-level` on the command line are stronger. */
  readonly level: 'error' | 'warn' | 'info' | 'debug' | 'trace'
}

/** Where a service listens, and how it lets in. */
export interface ListenerSettings {
  /** An IP address (IPv6 without brackets), `localhost` or another host name. */
  readonly address: string
  /** 0: any free port. */
  readonly port: number
  readonly tls: false | TlsSettings
  /** Who may ask, with bcrypt hashes; without it, everybody. */
  readonly htpasswdPath?: string
}

/** The PEM files of a service that speaks TLS. */
export interface TlsSettings {
  readonly certPath: string
  readonly keyPath: string
  /** Only clients with a certificate from one of these authorities are let in. */
  readonly clientCaPath?: string
}

/** The main service. */
export interface ServiceSettings extends ListenerSettings {
  /** Addresses and networks whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[]
  /** Bound on the pre-reboot requests of one address; 0: none. */
  readonly maxRequestsPerMinute: number
}

/** The status service, which can be off. */
export interface StatusSettings extends ListenerSettings {
  readonly enabled: boolean
  /** File of more names of nodes. */
  readonly nodesPath?: string
}

/** Which store keeps the semaphores. */
export type StoreSettings = EtcdSettings | EmbeddedSettings

/** An etcd cluster. */
export interface EtcdSettings {
  readonly kind: 'etcd'
  /** `scheme://host:port`; all http or all https, none twice, at least one. */
  readonly endpoints: readonly string[]
  /** Whether the endpoints are https. If not, no certificate is to be used even where one is named. */
  readonly isSecure: boolean
  /** The DNS name to verify the servers' certificates against, in place of the endpoints' hosts. */
  readonly serverName?: string
  /** Given together with `clientKeyPath`, or not at all. PEM. */
  readonly clientCertPath?: string
  readonly clientKeyPath?: string
  /** PEM bundle; without it, the system's roots. */
  readonly caCertPath?: string
  /** Given together with `passwordPath`, or not at all. */
  readonly username?: string
  readonly passwordPath?: string
  /** Hard bound on how long one request waits for the store. */
  readonly transactionTimeoutMs: number
}

/** A file on this machine. */
export interface EmbeddedSettings {
  readonly kind: 'embedded'
  /** As written: relative to the working directory unless it is absolute. */
  readonly path: string
  /** Hard bound on how long one request waits for the store. */
  readonly transactionTimeoutMs: number
}

/** The groups and their slots. */
export interface LockSettings {
  readonly defaultGroupName: string
  /** The default group, then the others in file order; no name twice. */
  readonly groups: readonly GroupSettings[]
  /** Whether a changed number of slots here is applied to the store, or only initialises it. */
  readonly slotsSource: 'config' | 'store'
  /** How many pre-reboots may wait for a slot, over all groups. */
  readonly waitersMax: number
  /** Most slots that all groups together may hold; undefined: as many as they have. */
  readonly totalSlotsMax?: number
}

/** One group; 0 slots: nobody of it reboots. */
export interface GroupSettings {
  readonly name: string
  readonly slots: number
  /** How long a pre-reboot may wait for a slot; 0: it is answered at once. */
  readonly waitTimeoutMs: number
  /** Between a release and the group's next grant; 0: none. */
  readonly cooldownSeconds: number
  /** From then on a holder is stale; 0: never. */
  readonly staleAfterMinutes: number
  /** When a stale holder is released by itself; left out, never. */
  readonly staleRelease?: StaleReleaseSettings
  /** Of its windows and the blackouts; left out, UTC. */
  readonly timeZone?: string
  /** When its machines may take slots; left out, at all times. At least one. */
  readonly windows?: readonly RebootWindow[]
  /** Who may use it; left out, everybody. `x*`: all that begin with x. */
  readonly allowedUsers?: readonly string[]
  readonly allowedIds?: readonly string[]
}

/** Releases of stale holders that nobody orders. */
export interface StaleReleaseSettings {
  /** At least the group's `staleAfterMinutes`. */
  readonly afterMinutes: number
  readonly atMostPerDay: number
}

/** What is asked before a machine may take a slot, beside the groups' windows. */
export interface GateSettings {
  readonly blackouts: readonly BlackoutSettings[]
  readonly prometheus?: PrometheusSettings
  /** Their order is that in which they are named in refusals. */
  readonly http: readonly HttpCheckSettings[]
}

/** Whom something holds for. */
interface ForGroups {
  /** Left out, all groups; at least one. */
  readonly groups?: readonly string[]
}

/** Days on which nobody reboots, in each group's time zone. */
export interface BlackoutSettings extends Blackout, ForGroups {}

/** A server that a gate asks. */
interface RemoteSettings extends ForGroups {
  /** `http` or `https`, without a user and a password. */
  readonly url: string
  /** Hard bound on one question. */
  readonly timeoutMs: number
  /** What holds when there is no answer. */
  readonly onError: 'deny' | 'allow'
  /** Never together with `username`. */
  readonly bearerTokenPath?: string
  /** Given together with `passwordPath`, or not at all. */
  readonly username?: string
  readonly passwordPath?: string
  /** PEM bundle; without it, the authorities that Node.js knows by itself. */
  readonly caCertPath?: string
}

/** A Prometheus whose alerts keep machines from rebooting. */
export interface PrometheusSettings extends RemoteSettings {
  readonly query: string
  /** A regular expression on the names of alerts that do not count. */
  readonly ignore?: string
}

/** A health endpoint. */
export interface HttpCheckSettings extends RemoteSettings {
  readonly name: string
  readonly expectStatus: number
}

/** Who is told what happens. */
export interface NotifySettings {
  /** For how long a machine is refused before that is told. */
  readonly refusedForLongerThanMinutes: number
  readonly webhooks: readonly WebhookSettings[]
}

/** One receiver of notifications. */
export interface WebhookSettings {
  /** `http` or `https`; it may hold a secret, and is not for the log. */
  readonly url: string
  /** At least one, none twice. */
  readonly events: readonly WebhookEvent[]
  /** File with the secret by which bodies are signed; without it, they are not. */
  readonly secretPath?: string
  /** Hard bound on one attempt. */
  readonly timeoutMs: number
  /** PEM bundle; without it, the authorities that Node.js knows by itself. */
  readonly caCertPath?: string
}

/** What a webhook can be told. */
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]
