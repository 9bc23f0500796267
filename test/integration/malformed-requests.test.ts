import { expect } from 'chai'
import { embeddedConfig } from '../support/embedded-config.js'
import { eventually } from '../support/eventually.js'
import { sendRequest } from '../support/fleetlock-request.js'
import { RawConnection, type RawResponse } from '../support/raw-connection.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'

const BODY = '{"client_params":{"id":"node","group":"default"}}'
const INVALID = { status: 400, kind: 'invalid_client_identity' }
const DONE = { status: 200, kind: undefined }

interface RequestParts {
  readonly target?: string
  readonly version?: string
  readonly headers?: readonly string[]
  readonly body?: string
}

function requestOf(parts: RequestParts = {}): string {
  const { target = '/v1/pre-reboot', version = 'HTTP/1.1', body = BODY } = parts
  const { headers = [`Content-Length: ${body.length}`] } = parts
  return [`POST ${target} ${version}`, 'fleet-lock-protocol: true', ...headers, '', body].join(
    '\r\n',
  )
}

const CHUNKED_BODY = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`

function summaryOf({ status, body }: RawResponse): unknown {
  const kind = body === '' ? undefined : (JSON.parse(body) as { kind: unknown }).kind
  return { status, kind }
}

describe('the main service, at malformed requests', () => {
  let daemon: Daemon
  let connections: RawConnection[] = []

  before(async () => {
    daemon = await runDaemon({ config: embeddedConfig() })
    await daemon.ready()
  })
  afterEach(() => {
    for (const connection of connections) connection.destroy()
    connections = []
  })
  after(async () => {
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null })
  })

  async function open(): Promise<RawConnection> {
    const connection = await RawConnection.open(daemon.serviceUrl)
    connections.push(connection)
    return connection
  }

  /** All answers until the server ends the connection. */
  async function answersTo(bytes: string): Promise<readonly unknown[]> {
    const connection = await open()
    connection.write(bytes)
    return (await connection.untilEnded()).map(summaryOf)
  }

  async function firstAnswerTo(bytes: string): Promise<unknown> {
    const connection = await open()
    connection.write(bytes)
    const [response] = await connection.responses(1)
    return response === undefined ? undefined : summaryOf(response)
  }

  it('answers whole requests before it complains of what follows them', async () => {
    const answers = await answersTo(`${requestOf()}${requestOf()}no HTTP\r\n\r\n`)
    expect(answers).to.deep.equal([DONE, DONE, INVALID])
  })

  it('answers the last request of a connection, whatever follows it', async () => {
    const headers = [`Content-Length: ${BODY.length}`, 'Connection: close']
    expect(await answersTo(requestOf({ headers }) + requestOf())).to.deep.equal([DONE])
  })

  it('answers a request once, although its body breaks after the answer', async () => {
    const target = 'POST /v1/pre-reboot HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n'
    expect(await answersTo(`${target}no chunk\r\n`)).to.deep.equal([INVALID])
  })

  it('is no proxy, and answers what came before it was asked to be one', async () => {
    const refused = { status: 405, kind: 'method_not_allowed' }
    const tunnel = 'CONNECT example.com:443 HTTP/1.1\r\n\r\n'
    expect(await answersTo(tunnel)).to.deep.equal([refused])
    expect(await answersTo(requestOf() + tunnel)).to.deep.equal([DONE, refused])
  })

  for (const target of ['http://[/v1/pre-reboot', 'http://a:b:c/', 'http://[::1/v1/pre-reboot']) {
    it(`has nothing at ${target}`, async () => {
      const answer = await firstAnswerTo(requestOf({ target }))
      expect(answer).to.deep.equal({ status: 404, kind: 'not_found' })
    })
  }

  for (const version of ['HTTP/2.0', 'HTTP/0.9']) {
    it(`does not serve ${version}`, async () => {
      expect(await answersTo(requestOf({ version }))).to.deep.equal([INVALID])
    })
  }

  for (const coding of ['gzip, chunked', 'chunked;q=1', 'identity, chunked']) {
    it(`does not read a body in the transfer coding ${coding}`, async () => {
      const headers = [`Transfer-Encoding: ${coding}`]
      const request = requestOf({ headers, body: CHUNKED_BODY })
      expect(await answersTo(request)).to.deep.equal([INVALID])
    })
  }

  it('does not read a chunked body of HTTP/1.0, which has none', async () => {
    const headers = ['Transfer-Encoding: chunked']
    const request = requestOf({ version: 'HTTP/1.0', headers, body: CHUNKED_BODY })
    expect(await answersTo(request)).to.deep.equal([INVALID])
  })

  it('ends the connection after an offer to upgrade, as what follows may be lost', async () => {
    const offer = ['Connection: Upgrade', 'Upgrade: h2c']
    const request = requestOf({ headers: [...offer, `Content-Length: ${BODY.length}`] })
    expect(await answersTo(request + requestOf())).to.deep.equal([DONE])
  })

  it('keeps an answer whole beside a queued 100 Continue', async () => {
    const headers = ['Expect: 100-continue', 'Content-Encoding: gzip', 'Content-Length: 1']
    const connection = await open()
    connection.write(requestOf() + requestOf({ headers, body: 'x' }))
    const answers = await connection.untilEnded()
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 100, 400])
    expect(JSON.parse(answers.at(-1)?.body ?? '')).to.have.property('kind', INVALID.kind)
  })

  it('reads a request of very many headers', async () => {
    const headers = [...Array<string>(3000).fill('a:'), `Content-Length: ${BODY.length}`]
    expect(await firstAnswerTo(requestOf({ headers }))).to.deep.equal(DONE)
  })

  it('lets go of connections that their clients keep open after an error', async () => {
    const before = await openFiles()
    for (let n = 0; n < 40; n++) (await open()).write('no HTTP\r\n\r\n')
    await Promise.all(connections.map((connection) => connection.responses(1)))
    await eventually(async () => expect(await openFiles()).to.be.lessThan(before + 10))
  })

  async function openFiles(): Promise<number> {
    const { body } = await sendRequest(`${daemon.statusUrl}/metrics`)
    return Number(/^process_open_fds (\d+)/m.exec(body)?.[1])
  }
})
