import type { Logger } from './logger.js'
import type { Metrics } from './metrics.js'

/** The services, as they are named in the configuration, the log and in labels. */
export type ServiceName = 'service' | 'status'

/** Something wrong with a file, and the TOML path of the key that names it. */
interface FileProblem {
  readonly path: string
  readonly message: string
}

/** What happens at the doors of the services: certificates, passwords, and those not let in. */
export function doorEvents(logger: Logger, metrics: Metrics) {
  return {
    /** `reason` is of a closed set; nothing that the client has sent is told. */
    credentialsRefused(service: ServiceName, reason: string, client: string): void {
      metrics.credentialsRefused.inc({ service, reason })
      // A request to the main service has its own line.
      const level = service === 'status' ? 'info' : 'debug'
      logger.log(level, 'not let in', { service, reason, client })
    },

    certificateInForce(service: ServiceName, expiresAt: number): void {
      metrics.certificateExpiry.set({ service }, Math.floor(expiresAt / 1000))
    },

    certificateChanged(service: ServiceName, expiresAt: number): void {
      const fields = { service, expires: new Date(expiresAt).toISOString() }
      logger.log('notice', 'another certificate is in force', fields)
    },

    certificateOutOfTime(
      service: ServiceName,
      state: 'expires soon' | 'has expired' | 'is not valid yet',
      { from, until }: { readonly from: number; readonly until: number },
    ): void {
      logger.log(state === 'has expired' ? 'error' : 'warn', `the certificate ${state}`, {
        service,
        valid_from: new Date(from).toISOString(),
        valid_until: new Date(until).toISOString(),
      })
    },

    passwordsChanged(service: ServiceName, users: number): void {
      logger.log('notice', 'another password file is in force', { service, users })
    },

    /** `what` is a certificate or a password file; what was in force stays. */
    filesRefused(service: ServiceName, what: string, problems: readonly FileProblem[]): void {
      logger.log('error', `the new ${what} cannot be used; the old one stays in force`, {
        service,
        problems: problems.map(({ path, message }) => `${path}: ${message}`).join('; '),
      })
    },

    /** At debug only: whoever scans ports would fill the log. */
    handshakeFailed(service: ServiceName, client: string, reason: string): void {
      logger.log('debug', 'no TLS connection came about', { service, client, reason })
    },
  }
}
