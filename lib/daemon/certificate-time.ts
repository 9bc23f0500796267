import type { Clock } from '../calendar/clock.js'
import { EXPIRY_WARNING_MS, type KeyPair } from '../credentials/key-pair.js'
import type { ServiceName } from '../telemetry/door-events.js'
import type { Events } from '../telemetry/events.js'

/** How a certificate stands to the time. */
export type CertificateState = 'good' | 'expires soon' | 'has expired' | 'is not valid yet'

/** How often the same is said again, in milliseconds. */
const REPEAT_MS = 24 * 60 * 60 * 1000

/** How a certificate stands to a wall-clock time. */
export function certificateState(
  { beginsAt, expiresAt }: Pick<KeyPair, 'beginsAt' | 'expiresAt'>,
  now: number,
): CertificateState {
  if (expiresAt <= now) return 'has expired'
  if (beginsAt > now) return 'is not valid yet'
  return expiresAt - now < EXPIRY_WARNING_MS ? 'expires soon' : 'good'
}

/** Says that a service's certificate is out of its time, or soon will be: once, and then once a day. */
export class CertificateTime {
  readonly #service: ServiceName
  readonly #clock: Clock
  readonly #events: Events
  #said: { readonly what: string; readonly at: number } | undefined

  constructor(service: ServiceName, clock: Clock, events: Events) {
    this.#service = service
    this.#clock = clock
    this.#events = events
  }

  check({ beginsAt, expiresAt }: KeyPair): void {
    this.#events.certificateInForce(this.#service, expiresAt)
    const state = certificateState({ beginsAt, expiresAt }, this.#clock.now())
    if (state === 'good') {
      this.#said = undefined
      return
    }
    const what = `${state} ${expiresAt}`
    const at = this.#clock.monotonic()
    if (this.#said?.what === what && at - this.#said.at < REPEAT_MS) return
    this.#said = { what, at }
    const span = { from: beginsAt, until: expiresAt }
    this.#events.certificateOutOfTime(this.#service, state, span)
  }
}
