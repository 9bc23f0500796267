import type { Clock } from '../calendar/clock.js'
import type { StoreOptions, StoreProblem } from './store-options.js'
import type { Store } from './store.js'

/** What {@link openStore} needs from outside. */
export interface OpenStoreContext {
  readonly clock: Clock
  /** Where SSL_CERT_FILE and SSL_CERT_DIR are looked up. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** A store to use, or why the options cannot be used; an unreachable etcd is no problem here. */
export type OpenedStore =
  | { readonly store: Store; readonly warnings: readonly StoreProblem[] }
  | { readonly problems: readonly StoreProblem[] }

/**
 * Opens the configured store. The client libraries are loaded only here, and only the one in use.
 *
 * @throws StoreError `unavailable` when the embedded store's file cannot be opened
 */
export async function openStore(
  options: StoreOptions,
  { clock, environment }: OpenStoreContext,
): Promise<OpenedStore> {
  if (options.kind === 'embedded') {
    const { openEmbeddedStore } = await import('./embedded-store.js')
    return { store: await openEmbeddedStore({ path: options.path, clock }), warnings: [] }
  }
  const { readEtcdCredentials } = await import('./etcd-credentials.js')
  const { credentials, problems, warnings } = await readEtcdCredentials(
    options,
    environment,
    clock.now(),
  )
  if (problems.length > 0) return { problems }
  const { createEtcdClient } = await import('./etcd-client.js')
  const { EtcdEndpoints } = await import('./etcd-endpoints.js')
  const { EtcdStore } = await import('./etcd-store.js')
  const createClient = (urls: readonly string[]) =>
    createEtcdClient({ ...options, endpoints: urls }, credentials, () => clock.now())
  const store = new EtcdStore({
    client: createClient(options.endpoints),
    endpoints: new EtcdEndpoints({
      endpoints: options.endpoints,
      clock,
      createClient: (endpoint) => createClient([endpoint]),
    }),
    description: `etcd ${options.endpoints.join(', ')}`,
    clock,
  })
  return { store, warnings }
}
