import type { Findings } from './findings.js'
import type { Reading } from './read-fragment.js'
import type { KeyPath } from './schema.js'
import type { Settings } from './settings.js'

/** Where the main and the status service listen. */
export function readListeners(reading: Reading): Pick<Settings, 'service' | 'status'> {
  const { service, status } = reading.fragment
  return {
    service: { address: service.address, port: service.port, tls: false },
    status: { enabled: status.enabled, address: status.address, port: status.port, tls: false },
  }
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
