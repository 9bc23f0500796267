import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { preReboot } from '../../support/fleetlock-request.js'

describe('preReboot', () => {
  let server: Server
  afterEach(async () => {
    server.close()
    await once(server, 'close')
  })

  it('sends what Zincati sends and reads kind and value whatever the content type', async () => {
    let seen: unknown
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        const { 'fleet-lock-protocol': protocol, 'content-type': type } = request.headers
        seen = { method: request.method, url: request.url, protocol, type, body }
        response.writeHead(423, { 'content-type': 'text/plain' })
        response.end('{"kind":"full","value":"later"}')
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const answer = await preReboot(`http://127.0.0.1:${port}`, { id: 'a', group: 'default' })
    expect(seen).to.deep.equal({
      method: 'POST',
      url: '/v1/pre-reboot',
      protocol: 'true',
      type: undefined,
      body: '{\n  "client_params": {\n    "id": "a",\n    "group": "default"\n  }\n}',
    })
    const { status, kind, value } = answer
    expect({ status, kind, value }).to.deep.equal({ status: 423, kind: 'full', value: 'later' })
  })
})
