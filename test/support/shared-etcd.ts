import { certificates } from './certificates.js'
import { startEtcd, type EtcdAccess, type EtcdServer } from './etcd-server.js'

/** `mutual-tls`: over https, for clients with a certificate of `certificates()` only. */
export type SharedEtcdKind = 'plain' | 'mutual-tls'

const started = new Map<SharedEtcdKind, Promise<EtcdServer>>()
let isStoppedAtEnd = false

/**
 * An etcd with one member for all tests of this process, started when first asked for. Keep tests
 * apart by `uniqueGroup()`; a test that stops, breaks or configures etcd starts its own instead.
 */
export function sharedEtcd(kind: SharedEtcdKind = 'plain'): Promise<EtcdAccess> {
  if (!isStoppedAtEnd) {
    throw new Error('sharedEtcd() needs mocha with --require dist/test/support/root-hooks.js')
  }
  let server = started.get(kind)
  if (server === undefined) {
    server = start(kind)
    started.set(kind, server)
  }
  return server
}

/** For the root hooks only: promises that {@link stopSharedEtcd} will be called. */
export function allowSharedEtcd(): void {
  isStoppedAtEnd = true
}

/** For the root hooks only: stops what was started. */
export async function stopSharedEtcd(): Promise<void> {
  const servers = [...started.values()]
  started.clear()
  for (const result of await Promise.allSettled(servers)) {
    if (result.status === 'fulfilled') {
      await result.value.stop()
    }
  }
}

async function start(kind: SharedEtcdKind): Promise<EtcdServer> {
  return startEtcd(kind === 'plain' ? {} : { tls: await certificates() })
}
