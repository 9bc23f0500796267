import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../calendar/clock.js'
import type { ErrorReply } from '../fleetlock/kinds.js'
import { PROTOCOL_HEADER, PROTOCOL_HEADER_VALUE } from '../fleetlock/protocol.js'
import { replyToRefusal } from '../fleetlock/reply-to-refusal.js'
import { parseRequestBody } from '../fleetlock/request-body.js'
import type { Outcome } from '../lock/batch.js'
import type { LockManager } from '../lock/lock-manager.js'
import type { NodeIdentity } from '../semaphore/node-identity.js'
import type { Events, RequestContext } from '../telemetry/events.js'
import type { Api } from '../telemetry/metrics.js'
import { sendDone, sendError } from './reply.js'

/** What the main service's handlers need. */
export interface LockHandlerOptions {
  readonly manager: LockManager
  readonly events: Events
  readonly clock: Clock
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

  constructor(api: Api, response: ServerResponse, options: LockHandlerOptions) {
    this.#api = api
    this.#response = response
    this.#options = options
    this.#arrivedAt = options.clock.monotonic()
    this.#context = { requestId: randomUUID() }
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
    try {
      const outcome = await this.#decide(identity, () => request.socket.destroyed)
      if (outcome.outcome === 'refused') this.refuse(replyToRefusal(outcome.refusal))
      else this.#confirm(outcome.outcome)
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

  #decide(identity: NodeIdentity, isGone: () => boolean): Promise<Outcome> {
    const { manager } = this.#options
    return this.#api === 'pre_reboot' ? manager.lock(identity, isGone) : manager.unlock(identity)
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
