import type { Findings } from './findings.js'
import type { Reading } from './read-fragment.js'
import type { KeyPath } from './schema.js'
import type { Settings, TlsSettings } from './settings.js'

/** Where the main and the status service listen, and how they let in. */
export function readListeners(
  reading: Reading,
  findings: Findings,
): Pick<Settings, 'service' | 'status'> {
  const { service, status } = reading.fragment
  return {
    service: {
      address: service.address,
      port: service.port,
      tls: readTls('service', reading, findings),
      ...(service.htpasswd_path !== undefined && { htpasswdPath: service.htpasswd_path }),
      trustedProxies: service.trusted_proxies,
      maxRequestsPerMinute: service.max_requests_per_minute,
    },
    status: {
      enabled: status.enabled,
      address: status.address,
      port: status.port,
      tls: readTls('status', reading, findings),
      ...(status.htpasswd_path !== undefined && { htpasswdPath: status.htpasswd_path }),
      ...(status.nodes_path !== undefined && { nodesPath: status.nodes_path }),
    },
  }
}

function readTls(
  section: 'service' | 'status',
  reading: Reading,
  findings: Findings,
): false | TlsSettings {
  const { tls, tls_cert_path: certPath, tls_key_path: keyPath } = reading.fragment[section]
  const tlsPlace = reading.placeOf(`${section}.tls`)
  const pair = [`${section}.tls_cert_path`, `${section}.tls_key_path`] as const
  if (!tls) {
    // After a problem there, it is not known what was meant.
    if (findings.hasProblemAt(tlsPlace)) return false
    for (const path of pair.filter((path) => reading.isGiven(path))) {
      findings.warning(reading.placeOf(path), `is not used: ${tlsPlace} is false`)
    }
    if (section === 'service' && reading.isGiven('service.tls_client_ca_path')) {
      // Not only a warning: whoever set it believes that strangers are kept out.
      const message = `needs ${tlsPlace} = true, or nobody is kept out`
      findings.problem(reading.placeOf('service.tls_client_ca_path'), message)
    }
    return false
  }
  for (const path of pair.filter((path) => !reading.isGiven(path))) {
    findings.problem(path, `is missing: ${tlsPlace} is true, and needs it`)
  }
  if (certPath === undefined || keyPath === undefined) return false
  const clientCaPath =
    section === 'service' ? reading.fragment.service.tls_client_ca_path : undefined
  return { certPath, keyPath, ...(clientCaPath !== undefined && { clientCaPath }) }
}

/**
 * Warns where a file that coreos/airlock could have been running on leaves out an address or port:
 * the machines that ask it would find nobody, because our defaults are not its defaults.
 */
export function findOtherDefaults(reading: Reading, findings: Findings): void {
  const { service, status } = reading.fragment
  const warn = (path: KeyPath, ours: string | number, theirs: string): void => {
    if (reading.isGiven(path)) return
    findings.warning(path, `is not set: using ${ours}; coreos/airlock ${theirs}`)
  }
  warn('service.address', service.address, 'would use 0.0.0.0')
  warn('service.port', service.port, 'would use 9090')
  if (!status.enabled) return
  warn('status.address', status.address, 'has no default and would use all interfaces')
  warn('status.port', status.port, 'has no default and would use any free port')
}
