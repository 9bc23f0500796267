import type { Clock } from '../calendar/clock.js'
import type { PasswordComparer } from '../credentials/bcrypt-thread.js'
import type { FileProblem } from '../credentials/file-report.js'
import type { Htpasswd } from '../credentials/htpasswd.js'
import type { ServerTls } from '../credentials/server-tls.js'
import { goodReading, WatchedFiles } from '../credentials/watched-files.js'
import { CredentialsGate } from '../http/credentials-gate.js'
import type { Listener } from '../http/listener.js'
import type { ListenerTls } from '../http/secure-server.js'
import type { ServiceName } from '../telemetry/door-events.js'
import type { Events } from '../telemetry/events.js'
import { certificateState, CertificateTime } from './certificate-time.js'
import type { ServiceFile, ServiceFiles } from './service-files.js'

/** What {@link ServiceCredentials} need. */
export interface ServiceCredentialsOptions {
  readonly clock: Clock
  readonly events: Events
  readonly comparer: PasswordComparer
}

/**
 * The certificate and the password file of one service, up to date with their files.
 *
 * INVARIANTS: whether TLS is spoken never changes; `start` once, then `stop` once.
 */
export class ServiceCredentials {
  /** Lets in by the password file. */
  readonly gate: CredentialsGate
  readonly #service: ServiceName
  readonly #options: ServiceCredentialsOptions
  readonly #tls: WatchedFiles<ServerTls> | undefined
  #htpasswd: WatchedFiles<Htpasswd> | undefined
  #listener: Listener | undefined

  /** `files` have no problems. */
  constructor(service: ServiceName, files: ServiceFiles, options: ServiceCredentialsOptions) {
    this.#service = service
    this.#options = options
    this.gate = new CredentialsGate(files.htpasswd?.first.value, options)
    this.#tls = files.tls && this.#watchTls(files.tls)
    this.#htpasswd = files.htpasswd && this.#watchHtpasswd(files.htpasswd)
  }

  /** How the service's listener speaks TLS; undefined if it does not. */
  get listenerTls(): ListenerTls | undefined {
    if (this.#tls === undefined) return undefined
    const { events } = this.#options
    return {
      tls: this.#tls.value,
      onHandshakeFailed: (peer, reason) => events.handshakeFailed(this.#service, peer, reason),
    }
  }

  /** Begins to watch the files; a changed certificate goes to the listener. */
  start(listener: Listener): void {
    this.#listener = listener
    this.#tls?.start()
    this.#htpasswd?.start()
  }

  stop(): void {
    this.#tls?.stop()
    this.#htpasswd?.stop()
  }

  /** Puts other files in force, at a reload; they have no problems. */
  replace({ tls, htpasswd }: ServiceFiles): void {
    if (tls !== undefined) this.#tls?.replace(tls.read, goodReading(tls.first))
    if (htpasswd !== undefined && this.#htpasswd !== undefined) {
      this.#htpasswd.replace(htpasswd.read, goodReading(htpasswd.first))
      return
    }
    this.#htpasswd?.stop()
    this.#htpasswd = htpasswd && this.#watchHtpasswd(htpasswd)
    this.#htpasswd?.start()
    this.gate.replace(htpasswd?.first.value)
  }

  #watchTls(file: ServiceFile<ServerTls>): WatchedFiles<ServerTls> {
    const { clock, events } = this.#options
    const time = new CertificateTime(this.#service, clock, events)
    return new WatchedFiles(file.read, goodReading(file.first), {
      clock,
      refusal: (next, now) => this.#refusal(next, now),
      onChange: (tls, { warnings }) => {
        this.#listener?.setTls(tls)
        events.certificateChanged(this.#service, tls.expiresAt)
        for (const { path, message } of warnings) events.configWarning(path, message)
      },
      onRefused: (problems) => events.filesRefused(this.#service, 'certificate', problems),
      onLook: (tls) => time.check(tls),
    })
  }

  /** A certificate out of its time does not replace one that is good. */
  #refusal(next: ServerTls, now: ServerTls): FileProblem | undefined {
    const time = this.#options.clock.now()
    const isBad = (tls: ServerTls): boolean =>
      !['good', 'expires soon'].includes(certificateState(tls, time))
    if (!isBad(next) || isBad(now)) return undefined
    const state = certificateState(next, time)
    const [from, until] = [next.beginsAt, next.expiresAt].map((at) => new Date(at).toISOString())
    return {
      path: `${this.#service}.tls_cert_path`,
      message: `it ${state} (from ${from ?? ''} until ${until ?? ''})`,
    }
  }

  #watchHtpasswd(file: ServiceFile<Htpasswd>): WatchedFiles<Htpasswd> {
    const { clock, events } = this.#options
    return new WatchedFiles(file.read, goodReading(file.first), {
      clock,
      onChange: (htpasswd, { warnings }) => {
        this.gate.replace(htpasswd)
        events.passwordsChanged(this.#service, htpasswd.hashes.size)
        for (const { path, message } of warnings) events.configWarning(path, message)
      },
      onRefused: (problems) => events.filesRefused(this.#service, 'password file', problems),
    })
  }
}
