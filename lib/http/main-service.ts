import type { RequestListener, ServerResponse } from 'node:http'
import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
} from 'express'
import type { ErrorReply } from '../fleetlock/kinds.js'
import { MAX_BODY_BYTES, PRE_REBOOT_PATH, STEADY_STATE_PATH } from '../fleetlock/protocol.js'
import type { Api } from '../telemetry/metrics.js'
import { clientAddress } from './client-address.js'
import { LockExchange, type LockHandlerOptions } from './lock-handler.js'
import { sendError } from './reply.js'

/** What is in no path, but express would drop or change it, and take `/v1\pre-reboot#` for ours. */
const FOREIGN_TO_PATHS = /[#\\]/

/** The main service: FleetLock, and nothing else. */
export function createMainService(options: LockHandlerOptions): RequestListener {
  const service = express()
  service.disable('x-powered-by')
  service.disable('etag')
  service.enable('strict routing')
  service.enable('case sensitive routing')
  service.set('trust proxy', (address: string) => options.door.trusts(address))
  service.use((request, response, next) => {
    if (FOREIGN_TO_PATHS.test(request.url.split('?', 1)[0] ?? '')) sendNotFound(response)
    else next()
  })
  service.post(PRE_REBOOT_PATH, lockHandler('pre_reboot', options))
  service.post(STEADY_STATE_PATH, lockHandler('steady_state', options))
  service.all([PRE_REBOOT_PATH, STEADY_STATE_PATH], (_request, response) => {
    response.setHeader('Allow', 'POST')
    sendError(response, { kind: 'method_not_allowed', value: 'only POST is allowed here' })
  })
  service.use((_request, response) => sendNotFound(response))
  const onError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    options.events.requestFailed({ requestId: '-' }, error)
    if (response.headersSent) next(error)
    else sendError(response, { kind: 'internal_error', value: 'internal error; see the log' })
  }
  service.use(onError)
  const handle: RequestHandler = service
  return (request, response) => {
    // A target that is no URL passes all of the above by, and express' own last answer is HTML.
    void handle(request as Request, response as Response, () => sendNotFound(response))
  }
}

function sendNotFound(response: ServerResponse): void {
  const value = `no such path; FleetLock has ${PRE_REBOOT_PATH} and ${STEADY_STATE_PATH}`
  sendError(response, { kind: 'not_found', value })
}

/** The body is JSON whatever its content type says, so it is read raw; it is never inflated. */
const readBody = express.raw({ type: () => true, limit: MAX_BODY_BYTES, inflate: false })

function lockHandler(api: Api, options: LockHandlerOptions): RequestHandler {
  return async (request, response) => {
    const client = clientAddress(request.ip, request.socket.remoteAddress)
    const exchange = new LockExchange(api, client, response, options)
    const wrongHeaders = exchange.checkHeaders(request)
    if (wrongHeaders !== undefined) {
      exchange.refuse(wrongHeaders)
      return
    }
    if (!(await exchange.admit(request))) return
    readBody(request, response, (error: unknown) => {
      if (error !== undefined) {
        response.setHeader('Connection', 'close')
        exchange.refuse(replyToUnreadBody(error))
        return
      }
      const body: unknown = request.body
      void exchange.serve(request, body instanceof Uint8Array ? body : new Uint8Array())
    })
  }
}

const TOO_LARGE: ErrorReply = {
  kind: 'request_too_large',
  value: `the body is larger than ${MAX_BODY_BYTES} bytes`,
}

function replyToUnreadBody(error: unknown): ErrorReply {
  const type = (error as { readonly type?: unknown }).type
  if (type === 'entity.too.large') return TOO_LARGE
  // The listener has told the client already, if it is still there; this is what is counted and logged.
  if (type === 'request.aborted') {
    return { kind: 'request_timeout', value: 'the request did not arrive whole' }
  }
  const reason =
    type === 'encoding.unsupported' ? 'a compressed body is not accepted' : 'the body is not whole'
  return {
    kind: 'invalid_client_identity',
    value: `failed to validate client identity: ${reason}`,
  }
}
