import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../calendar/clock.js'
import type { ErrorReply } from '../fleetlock/kinds.js'
import { PROTOCOL_HEADER, PROTOCOL_HEADER_VALUE } from '../fleetlock/protocol.js'
import { replyToRefusal } from '../fleetlock/reply-to-refusal.js'
import { parseRequestBody } from '../fleetlock/request-body.js'
import type { Client } from '../lock/pending-request.js'
import type { Locks } from '../lock/lock-manager.js'
import type { NodeIdentity } from '../semaphore/node-identity.js'
import type { Events, RequestContext } from '../telemetry/events.js'
import type { Api } from '../telemetry/metrics.js'
import type { Door } from './door.js'
import { sendDone, sendError } from './reply.js'
import { requestingClient } from './requesting-client.js'
import type { Standstill } from './standstill.js'

/** What the main service's handlers need. */
export interface LockHandlerOptions {
  readonly manager: Locks
  readonly door: Door
  readonly events: Events
  readonly clock: Clock
  readonly standstill: Standstill
}

/** The header of an answer that names its request in the log. */
const REQUEST_ID_HEADER = 'X-Request-Id'

/** One request under way: its name in the log, and how it is answered. */
export class LockExchange {
  readonly #api: Api
  readonly #response: ServerResponse
  readonly #options: LockHandlerOptions
  readonly #arrivedAt: number
  #context: RequestContext

  /** `client`: the address that asks. */
  constructor(api: Api, client: string, response: ServerResponse, options: LockHandlerOptions) {
    this.#api = api
    this.#response = response
    this.#options = options
    this.#arrivedAt = options.clock.monotonic()
    this.#context = { requestId: randomUUID(), client }
    response.setHeader(REQUEST_ID_HEADER, this.#context.requestId)
    options.events.requestArrived(api)
  }

  /** Answers by what is wrong with the headers; undefined if nothing is. */
  checkHeaders(request: IncomingMessage): ErrorReply | undefined {
    if (request.headers[PROTOCOL_HEADER] === PROTOCOL_HEADER_VALUE) return undefined
    return {
      kind: 'invalid_client_identity',
      value: `failed to validate client identity: wrong '${PROTOCOL_HEADER}' header; it must be exactly "${PROTOCOL_HEADER_VALUE}"`,
    }
  }

  /** Whether who asks is let in; if not, that has been answered. Never rejects. */
  async admit(request: IncomingMessage): Promise<boolean> {
    const { door, events } = this.#options
    const { client = '' } = this.#context
    const { authorization } = request.headers
    try {
      const isGone = (): boolean => request.socket.destroyed
      const entry = await door.admit(this.#api, authorization, client, isGone)
      if (!('reply' in entry)) {
        this.#context = { ...this.#context, user: entry.user }
        return true
      }
      if (entry.refusal !== undefined) events.credentialsRefused('service', entry.refusal, client)
      this.refuse(entry.reply)
    } catch (error) {
      this.fail(error)
    }
    return false
  }

  /** Does what a whole, well-formed request asks for, and answers it. Never rejects. */
  async serve(request: IncomingMessage, body: Uint8Array): Promise<void> {
    const parsed = parseRequestBody(body)
    if ('problem' in parsed) {
      this.refuse({
        kind: 'invalid_client_identity',
        value: `failed to validate client identity: ${parsed.problem}`,
      })
      return
    }
    const { identity } = parsed
    this.#context = { ...this.#context, ...identity }
    this.#options.events.requestAccepted(this.#api, this.#context)
    const forbidden = this.#options.door.permit(identity, this.#context.user)
    if (forbidden !== undefined) {
      this.refuse(forbidden)
      return
    }
    try {
      const client = await requestingClient(request, this.#options.standstill)
      if (this.#api === 'pre_reboot') await this.#lock(identity, client, request)
      else await this.#unlock(identity, client)
    } catch (error) {
      this.fail(error)
    }
  }

  /** Answers that the request was not done. */
  refuse(reply: ErrorReply): void {
    const status = sendError(this.#response, reply)
    this.#report(status, reply.kind, reply.value)
  }

  /** Answers after an error that nobody foresaw; the log has it, the answer does not. */
  fail(error: unknown): void {
    this.#options.events.requestFailed(this.#context, error)
    if (this.#response.headersSent) return
    const name = this.#context.requestId
    this.refuse({ kind: 'internal_error', value: `internal error; the log has it under ${name}` })
  }

  /**
   * It may wait for long. A machine that loses its right meanwhile is no more served than one that has
   * gone: it could not give its slot back.
   */
  async #lock(
    identity: NodeIdentity,
    client: Client,
    { headers: { authorization } }: IncomingMessage,
  ): Promise<void> {
    const { door, manager } = this.#options
    const revoked = (): ErrorReply | undefined =>
      door.revoke(authorization, identity, this.#context.user)
    const outcome = await manager.lock(identity, {
      isGone: () => client.isGone() || revoked() !== undefined,
      onGone: (callback) => client.onGone(callback),
    })
    if (outcome.outcome !== 'refused') this.#confirm(outcome.outcome)
    else this.refuse(revoked() ?? replyToRefusal(outcome.refusal))
  }

  async #unlock(identity: NodeIdentity, client: Client): Promise<void> {
    const outcome = await this.#options.manager.unlock(identity, client)
    if (outcome.outcome !== 'refused') this.#confirm(outcome.outcome)
    else this.refuse(replyToRefusal(outcome.refusal))
  }

  #confirm(outcome: string): void {
    sendDone(this.#response)
    this.#report(200, outcome.replace('-', '_'))
  }

  #report(status: number, outcome: string, value?: string): void {
    const durationSeconds = (this.#options.clock.monotonic() - this.#arrivedAt) / 1000
    const end = { status, outcome, value, durationSeconds }
    this.#options.events.requestAnswered(this.#api, this.#context, end)
  }
}
