/** How to reach an etcd v3 cluster. The paths name PEM files. */
export interface EtcdOptions {
  readonly kind: 'etcd'
  /** `scheme://host:port` each, all of one scheme. */
  readonly endpoints: readonly string[]
  /** Whether the endpoints are https; the scheme alone decides over TLS. */
  readonly isSecure: boolean
  /** The name to verify instead of the endpoint's own. */
  readonly serverName?: string | undefined
  readonly clientCertPath?: string | undefined
  readonly clientKeyPath?: string | undefined
  /** The system's roots are used without it. */
  readonly caCertPath?: string | undefined
  readonly username?: string | undefined
  readonly passwordPath?: string | undefined
}

/** A store in one file, for one machine. */
export interface EmbeddedOptions {
  readonly kind: 'embedded'
  readonly path: string
}

/** Which store to open. */
export type StoreOptions = EtcdOptions | EmbeddedOptions

/** Something wrong with what an option points to: its TOML path, and a text that names the file. */
export interface StoreProblem {
  readonly path: string
  readonly message: string
}
