import express, { type Express } from 'express'
import type { CredentialsGate } from '../http/credentials-gate.js'
import type { Events } from '../telemetry/events.js'
import type { Metrics } from '../telemetry/metrics.js'
import { credentialsGuard } from './credentials-guard.js'
import type { Assets } from './page/assets.js'
import type { LivePage } from './page/live-page.js'
import { addPageRoutes } from './page/page-routes.js'
import type { Readiness } from './readiness.js'
import { sendJson } from './send-json.js'
import { sendText } from './send-text.js'
import type { StatusSource } from './status-source.js'

/** What the status service shows. */
export interface StatusServiceOptions {
  readonly metrics: Metrics
  readonly readiness: Readiness
  readonly events: Events
  /** Lets in to all but the probes. */
  readonly gate: CredentialsGate
  readonly source: StatusSource
  /** Whoever closes the service closes this first: it has answers that do not end. */
  readonly page: LivePage
  readonly assets: Assets
}

/**
 * The status service: what Prometheus, Kubernetes and people look at. It changes nothing. Its probes
 * answer everybody: a kubelet has no password, and they tell nothing but how the daemon fares.
 */
export function createStatusService(options: StatusServiceOptions): Express {
  const { metrics, readiness, events, gate, source, page, assets } = options
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
  // All that follows is guarded, also what is not there.
  service.use(credentialsGuard(gate, events))
  service.get('/metrics', async (_request, response) => {
    const text = await metrics.registry.metrics()
    response.writeHead(200, { 'Content-Type': metrics.registry.contentType }).end(text)
  })
  service.get('/status.json', async (_request, response) => {
    sendJson(response, await source.read())
  })
  addPageRoutes(service, page, assets)
  service.use((_request, response) => {
    sendText(response, 404, 'not found; there are /, /status.json, /metrics, /livez and /readyz')
  })
  return service
}
