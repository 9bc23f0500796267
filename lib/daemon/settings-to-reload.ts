import { isDeepStrictEqual } from 'node:util'
import type { ListenerSettings, Settings } from '../config/settings.js'

/** What a reload puts in force, and what it has to leave. */
export interface SettingsToReload {
  readonly settings: Settings
  /** Sections and keys that differ and stay as they were, by their TOML names. */
  readonly staying: readonly string[]
}

/**
 * Takes of new settings what can change while the daemon runs. What cannot: where and how it listens,
 * the store it is connected to, the form of its log.
 */
export function settingsToReload(now: Settings, next: Settings): SettingsToReload {
  const settings: Settings = {
    service: keepListener(now.service, next.service),
    status: { ...keepListener(now.status, next.status), enabled: now.status.enabled },
    nodes: next.nodes,
    store: now.store,
    lock: next.lock,
    gates: next.gates,
    notify: next.notify,
    log: { ...next.log, format: now.log.format },
  }
  const pairs: readonly (readonly [name: string, used: unknown, wanted: unknown])[] = [
    ['service', settings.service, next.service],
    ['status', settings.status, next.status],
    ['store', settings.store, next.store],
    ['log.format', settings.log.format, next.log.format],
  ]
  const staying = pairs.filter(([, used, wanted]) => !isDeepStrictEqual(used, wanted))
  return { settings, staying: staying.map(([name]) => name) }
}

function keepListener<T extends ListenerSettings>(now: T, next: T): T {
  const { address, port } = now
  return { ...next, address, port, tls: keepTls(now.tls, next.tls) }
}

/** Other files can be used, but not whether there is TLS, nor whether clients show a certificate. */
function keepTls(now: ListenerSettings['tls'], next: ListenerSettings['tls']) {
  if (now === false || next === false) return now
  const { certPath, keyPath, clientCaPath } = next
  const isKept = (now.clientCaPath === undefined) === (clientCaPath === undefined)
  const authorities = isKept ? clientCaPath : now.clientCaPath
  return { certPath, keyPath, ...(authorities !== undefined && { clientCaPath: authorities }) }
}
