import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { eventually } from '../../support/eventually.js'
import { findFreePort } from '../../support/free-port.js'
import { TcpProxy } from '../../support/tcp-proxy.js'

describe('TcpProxy', () => {
  let server: Server
  let proxy: TcpProxy
  let received: string
  const sockets = new Set<Socket>()

  beforeEach(async () => {
    received = ''
    const port = await findFreePort()
    server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        received += chunk.toString()
        socket.write(`<${chunk.toString()}>`)
      })
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    proxy = await TcpProxy.start(port)
  })
  afterEach(async () => {
    await proxy.close()
    for (const socket of sockets) {
      socket.destroy()
    }
    sockets.clear()
    server.close()
    await once(server, 'close')
  })

  interface Client {
    readonly socket: Socket
    answer: string
    isClosed: boolean
  }

  const open = async (): Promise<Client> => {
    const socket = connect(proxy.port, '127.0.0.1')
    sockets.add(socket)
    const client = { socket, answer: '', isClosed: false }
    socket.on('error', () => undefined)
    socket.on('close', () => (client.isClosed = true))
    socket.on('data', (chunk) => (client.answer += chunk.toString()))
    await once(socket, 'connect')
    return client
  }

  it('passes both directions and the end on, and counts connections', async () => {
    const client = await open()
    client.socket.write('a')
    await eventually(() => expect(client.answer).to.equal('<a>'))
    expect([proxy.connections, proxy.openConnections]).to.deep.equal([1, 1])
    client.socket.end()
    await eventually(() => expect(client.isClosed).to.equal(true))
    await eventually(() => expect(proxy.openConnections).to.equal(0))
    expect(proxy.connections).to.equal(1)
  })

  it('refuses, and listens on the same port again', async () => {
    const client = await open()
    await proxy.refuse()
    await eventually(() => expect(client.isClosed).to.equal(true))
    const failure = await open().catch((error: unknown) => error)
    expect(failure).to.have.property('code', 'ECONNREFUSED')
    await proxy.pass()
    const next = await open()
    next.socket.write('b')
    await eventually(() => expect(next.answer).to.equal('<b>'))
  })

  it('swallows everything in a black hole, then cuts what lost bytes', async () => {
    const before = await open()
    await proxy.blackhole()
    const during = await open()
    before.socket.write('a')
    during.socket.write('b')
    await sleep(50)
    expect([received, before.answer, before.isClosed, during.isClosed]).to.deep.equal([
      '',
      '',
      false,
      false,
    ])
    await proxy.pass()
    await eventually(() => expect([before.isClosed, during.isClosed]).to.deep.equal([true, true]))
    expect(received).to.equal('')
  })

  it('delivers requests and drops their replies', async () => {
    await proxy.dropReplies()
    const client = await open()
    client.socket.write('a')
    await eventually(() => expect(received).to.equal('a'))
    await sleep(20)
    expect([client.answer, client.isClosed]).to.deep.equal(['', false])
    await proxy.pass()
    await eventually(() => expect(client.isClosed).to.equal(true))
  })

  it('delays each direction and keeps the order when the delay ends', async () => {
    await proxy.delay(60)
    const client = await open()
    const start = performance.now()
    client.socket.write('a')
    await sleep(20)
    await proxy.pass()
    client.socket.write('b')
    await eventually(() => expect(client.answer).to.match(/^<ab>$|^<a><b>$/))
    expect(performance.now() - start).to.be.greaterThan(55)
  })
})
