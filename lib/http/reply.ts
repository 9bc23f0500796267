import type { ServerResponse } from 'node:http'
import { printErrorReply, STATUS_OF_KIND, type ErrorReply } from '../fleetlock/kinds.js'
import { BASIC_CHALLENGE } from './basic-header.js'

/** Answers a request that was done: 200, and nothing else. */
export function sendDone(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Length': 0 }).end()
}

/** Answers a request that was not done; returns the status. */
export function sendError(response: ServerResponse, reply: ErrorReply): number {
  const status = STATUS_OF_KIND[reply.kind]
  const body = printErrorReply(reply)
  if (reply.kind === 'unauthorized') response.setHeader('WWW-Authenticate', BASIC_CHALLENGE)
  // A string, not bytes: Node.js puts the headers of bytes before a 100 Continue that is still queued.
  response
    .writeHead(status, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    })
    .end(body)
  return status
}
