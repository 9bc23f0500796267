import type { RequestHandler } from 'express'
import { BASIC_CHALLENGE } from '../http/basic-header.js'
import { clientAddress } from '../http/client-address.js'
import type { CredentialsGate } from '../http/credentials-gate.js'
import type { Events } from '../telemetry/events.js'
import { sendText } from './send-text.js'

/** Lets pass who knows a password of the status service's own file; everybody without one. */
export function credentialsGuard(gate: CredentialsGate, events: Events): RequestHandler {
  return async (request, response, next) => {
    const client = clientAddress(undefined, request.socket.remoteAddress)
    const isGone = (): boolean => request.socket.destroyed
    const admission = await gate.check(request.headers.authorization, client, isGone)
    if (!('refusal' in admission)) {
      next()
      return
    }
    const { refusal } = admission
    events.credentialsRefused('status', refusal, client)
    if (refusal === 'limited' || refusal === 'busy') {
      sendText(response, 429, 'too many requests; try again in some minutes')
      return
    }
    response.setHeader('WWW-Authenticate', BASIC_CHALLENGE)
    sendText(response, 401, 'a user and a password are needed')
  }
}
