import express, { type Express, type Response } from 'express'
import type { Metrics } from '../telemetry/metrics.js'
import type { Readiness } from './readiness.js'

/** What the status service shows. */
export interface StatusServiceOptions {
  readonly metrics: Metrics
  readonly readiness: Readiness
}

/** The status service: what Prometheus, Kubernetes and people look at. It changes nothing. */
export function createStatusService({ metrics, readiness }: StatusServiceOptions): Express {
  const service = express()
  service.disable('x-powered-by')
  service.disable('etag')
  service.enable('strict routing')
  service.enable('case sensitive routing')
  service.use((request, response, next) => {
    response.setHeader('Cache-Control', 'no-store')
    if (request.method === 'GET' || request.method === 'HEAD') {
      next()
      return
    }
    response.setHeader('Allow', 'GET, HEAD')
    sendText(response, 405, 'only GET and HEAD are allowed here')
  })
  service.get('/livez', (_request, response) => {
    sendText(response, 200, 'ok')
  })
  service.get('/readyz', async (_request, response) => {
    const state = await readiness.check()
    sendText(response, state.isReady ? 200 : 503, state.isReady ? 'ok' : state.reason)
  })
  service.get('/metrics', async (_request, response) => {
    const text = await metrics.registry.metrics()
    response.writeHead(200, { 'Content-Type': metrics.registry.contentType }).end(text)
  })
  service.use((_request, response) => {
    sendText(response, 404, 'not found; there are /metrics, /livez and /readyz')
  })
  return service
}

function sendText(response: Response, status: number, text: string): void {
  const body = `${text}\n`
  response
    .writeHead(status, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
    })
    .end(body)
}
