import type { Express, Response } from 'express'
import { sendText } from '../send-text.js'
import type { Assets } from './assets.js'
import type { LivePage } from './live-page.js'

/** The page needs its own files and nothing else, may be framed by nobody, and sends nothing anywhere. */
const HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    // The empty icon, without which browsers ask for one.
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const

/** The page, its two files, and its updates. */
export function addPageRoutes(service: Express, page: LivePage, assets: Assets): void {
  service.get('/', async (_request, response) => {
    send(response, 'text/html', await page.draw())
  })
  service.get('/page.css', (_request, response) => send(response, 'text/css', assets.stylesheet))
  service.get('/page.js', (_request, response) => {
    send(response, 'text/javascript', assets.script)
  })
  service.get('/events', (request, response) => {
    if (request.method === 'HEAD') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).end()
      return
    }
    response.set(HEADERS)
    const { since } = request.query
    const last = request.get('last-event-id') ?? (typeof since === 'string' ? since : '')
    if (!page.listen(response, last)) sendText(response, 503, 'too many listen already')
  })
}

function send(response: Response, type: string, body: string): void {
  response.set(HEADERS)
  response
    .writeHead(200, {
      'Content-Type': `${type}; charset=utf-8`,
      'Content-Length': Buffer.byteLength(body),
    })
    .end(body)
}
