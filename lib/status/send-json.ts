import type { ServerResponse } from 'node:http'

/** Answers a document; of a HEAD request, its size. */
export function sendJson(response: ServerResponse, document: unknown): void {
  const body = `${JSON.stringify(document)}\n`
  response
    .writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    })
    .end(body)
}
