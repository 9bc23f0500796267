import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { systemClock } from '../../lib/daemon/system-clock.js'
import { checkGateFiles } from '../../lib/gates/check-gate-files.js'
import { createGates, type GatesSettings } from '../../lib/gates/create-gates.js'
import type { GateChain } from '../../lib/gates/gate-chain.js'
import { certificates } from '../support/certificates.js'
import { FakeServer, type FakeHandler } from '../support/fake-server.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

type Check = GatesSettings['http'][number]

const DEFAULTS = { name: 'health', expectStatus: 200, timeoutMs: 3000, onError: 'deny' as const }

function gatesOf(settings: Partial<GatesSettings>, signal = new AbortController().signal) {
  return createGates(
    { groups: ['a', 'b', 'c'].map((name) => ({ name })), blackouts: [], http: [], ...settings },
    { clock: systemClock, signal, onVerdict: () => undefined },
  )
}

async function verdictOf(chain: GateChain | undefined): Promise<string> {
  const verdict = await chain?.ask()
  if (verdict?.verdict !== 'closed') return `open ${verdict?.trouble ?? ''}`.trim()
  const { refusal } = verdict
  if (refusal.kind === 'check_failing') return `${refusal.check} fails: ${refusal.reason}`
  if (refusal.kind === 'gate_error') return `${refusal.gate} error: ${refusal.reason}`
  return refusal.kind
}

describe('gates over HTTP', () => {
  const servers: FakeServer[] = []
  let folder: TempFolder
  let bearerTokenPath: string
  before(async () => {
    folder = await createTempFolder()
    bearerTokenPath = await folder.write('some-token', 'abc')
  })
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close()
  })
  after(() => folder.remove())

  async function start(handler: FakeHandler, ...tls: Parameters<typeof FakeServer.start>[1][]) {
    const server = await FakeServer.start(handler, ...tls)
    servers.push(server)
    return server
  }

  const ask = (url: string, check: Partial<Check> = {}): Promise<string> =>
    verdictOf(gatesOf({ http: [{ url, ...DEFAULTS, ...check }] }).get('a'))

  it('are open with the expected status only', async () => {
    const server = await start((response, { path }) => {
      response.writeHead(Number(path.slice(1)), { location: '/200' }).end('whatever')
    })
    expect(await ask(`${server.url}200`)).to.equal('open')
    expect(await ask(`${server.url}204`, { expectStatus: 204 })).to.equal('open')
    expect(await ask(`${server.url}503`)).to.equal('health fails: it answers 503 instead of 200')
    // A redirect is not followed.
    expect(await ask(`${server.url}302`)).to.equal('health fails: it answers 302 instead of 200')
  })

  it('ask with a GET for the whole URL, and show who asks', async () => {
    const server = await start((response) => response.end())
    const bearerTokenPath = await folder.write('token', 'abc.def\n')
    await ask(`${server.url}health?verbose=1`, { bearerTokenPath })
    const passwordPath = await folder.write('password', 'ge:heim')
    await ask(server.url, { username: 'me', passwordPath })
    const shown = servers[0]?.requests.map(({ method, path, headers }) => [
      method,
      path,
      headers.authorization,
    ])
    expect(shown).to.deep.equal([
      ['GET', '/health?verbose=1', 'Bearer abc.def'],
      ['GET', '/', `Basic ${Buffer.from('me:ge:heim').toString('base64')}`],
    ])
  })

  it('do not wait for an answer that never ends', async () => {
    const server = await start((response) => response.writeHead(200).write('and so on'))
    expect(await ask(server.url)).to.equal('open')
  })

  it('cannot be asked when nobody answers', async () => {
    const silent = await start(() => undefined)
    const cut = await start((response) => response.destroy())
    expect(await ask(silent.url, { timeoutMs: 200 })).to.equal(
      'health error: no answer within 200 ms',
    )
    expect(await ask(cut.url)).to.equal('health error: socket hang up')
    expect(await ask(cut.url, { onError: 'allow' })).to.equal('open')
    expect(await ask('http://nowhere.invalid/')).to.match(/^health error: getaddrinfo/)
  })

  describe('whose files are on a mount that hangs', () => {
    let comeBack: () => Promise<void>
    beforeEach(() => {
      comeBack = hangAllFiles()
    })
    afterEach(() => comeBack())

    it('cannot be asked in time, read them once at a time, and go on when it is back', async () => {
      const server = await start((response) => response.end())
      const stop = new AbortController()
      const http = [{ url: server.url, ...DEFAULTS, timeoutMs: 200, bearerTokenPath }]
      const health = gatesOf({ http }, stop.signal).get('a')
      const underWay: number[] = []
      for (let time = 1; time <= 3; time += 1) {
        expect(await verdictOf(health)).to.equal('health error: no answer within 200 ms')
        underWay.push(filesUnderWay())
      }
      expect(new Set(underWay).size, `under way: ${underWay.join()}`).to.equal(1)
      const asked = verdictOf(health)
      stop.abort()
      expect(await asked).to.equal('health error: it is being stopped or configured anew')
      const again = gatesOf({ http: http.map((check) => ({ ...check, timeoutMs: 3000 })) }).get('a')
      await comeBack()
      expect(await verdictOf(again)).to.equal('open')
      expect(server.requests).to.have.length(1)
    })
  })

  it('cannot be asked with a pipe instead of a file, and can when it is replaced', async () => {
    const server = await start((response) => response.end())
    const bearerTokenPath = folder.file('pipe')
    const health = gatesOf({ http: [{ url: server.url, ...DEFAULTS, bearerTokenPath }] }).get('a')
    execFileSync('mkfifo', [bearerTokenPath])
    expect(await verdictOf(health)).to.equal(`health error: ${bearerTokenPath} is empty`)
    await rm(bearerTokenPath)
    await folder.write('pipe', 'abc')
    expect(await verdictOf(health)).to.equal('open')
  })

  it('cannot be asked with a file that holds no secret', async () => {
    const server = await start((response) => response.end())
    for (const [content, problem] of [
      ['', 'is empty'],
      ['two\nlines', 'holds no secret'],
    ] as const) {
      const bearerTokenPath = await folder.write('bad-token', content)
      expect(await ask(server.url, { bearerTokenPath })).to.include(problem)
    }
    const bearerTokenPath = await folder.write('bad-token', 'schön☃')
    expect(await ask(server.url, { bearerTokenPath })).to.match(/^health error: .*character/)
    expect(server.requests).to.deep.equal([])
  })

  it('have files that are checked before', async () => {
    const bearerTokenPath = await folder.write('good-token', 'abc')
    const none = folder.file('none')
    const url = 'https://a'
    const problems = await checkGateFiles({
      prometheus: { ...DEFAULTS, url, query: 'ALERTS', bearerTokenPath, caCertPath: none },
      http: [
        { ...DEFAULTS, url, bearerTokenPath },
        { ...DEFAULTS, url, username: 'me', passwordPath: none },
        // What is not used needs no file.
        { ...DEFAULTS, url: 'http://a', caCertPath: none },
      ],
    })
    const message = `cannot read ${none}: no such file`
    expect(problems).to.deep.equal([
      { path: 'gates.prometheus.ca_cert_path', message },
      { path: 'gates.http[1].password_path', message },
    ])
  })

  it('verify certificates', async () => {
    const { server: files, caPath, otherCaPath } = await certificates()
    const server = await start((response) => response.end(), files)
    expect(await ask(server.url, { caCertPath: caPath })).to.equal('open')
    const refused = await ask(server.url, { caCertPath: otherCaPath })
    expect(refused).to.match(/^health error: .*certificate/)
  })

  it('name the first of several checks that fails', async () => {
    const server = await start((response, { path }) => {
      response.writeHead(path === '/good' ? 200 : 500).end()
    })
    const http = ['good', 'bad', 'worse'].map((name) => ({
      ...DEFAULTS,
      url: `${server.url}${name}`,
      name,
    }))
    expect(await verdictOf(gatesOf({ http }).get('a'))).to.equal(
      'bad fails: it answers 500 instead of 200',
    )
  })

  it('are asked once for all groups that want to know at a moment', async () => {
    const held: (() => void)[] = []
    const server = await start((response) => held.push(() => response.end(NO_ALERTS)))
    const prometheus = { ...DEFAULTS, url: server.url, query: 'ALERTS' }
    const gates = gatesOf({ prometheus })
    const first = ['a', 'b', 'c'].map((group) => verdictOf(gates.get(group)))
    await until(() => held.length === 1)
    // The question is under way: whoever comes now gets an answer to the next one.
    const second = ['a', 'b'].map((group) => verdictOf(gates.get(group)))
    held[0]?.()
    expect(await Promise.all(first)).to.deep.equal(['open', 'open', 'open'])
    await until(() => held.length === 2)
    held[1]?.()
    expect(await Promise.all(second)).to.deep.equal(['open', 'open'])
    expect(server.requests.map(({ path }) => path)).to.deep.equal(
      Array.from({ length: 2 }, () => '/api/v1/query?query=ALERTS&timeout=3000ms'),
    )
  })

  it('are closed by an incomplete answer', async () => {
    const answer = { ...(JSON.parse(NO_ALERTS) as object), warnings: ['a store is away'] }
    const server = await start((response) => response.end(JSON.stringify(answer)))
    const prometheus = { ...DEFAULTS, url: server.url, query: 'ALERTS' }
    expect(await verdictOf(gatesOf({ prometheus }).get('a'))).to.equal(
      'prometheus error: answered with a warning: a store is away',
    )
  })

  it('do not read an answer without an end', async () => {
    const chunk = Buffer.alloc(1024 * 1024, ' ')
    const server = await start((response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      }
      response.on('drain', more)
      more()
    })
    const prometheus = { ...DEFAULTS, timeoutMs: 10_000, url: server.url, query: 'ALERTS' }
    expect(await verdictOf(gatesOf({ prometheus }).get('a'))).to.equal(
      'prometheus error: the answer is larger than 16777216 bytes',
    )
  })

  it('end at once when they are stopped', async () => {
    const server = await start(() => undefined)
    const stop = new AbortController()
    const gates = gatesOf({ http: [{ url: server.url, ...DEFAULTS }] }, stop.signal)
    const verdict = verdictOf(gates.get('a'))
    await until(() => server.requests.length === 1)
    stop.abort()
    expect(await verdict).to.equal('health error: it is being stopped or configured anew')
    expect(await verdictOf(gates.get('a'))).to.equal(
      'health error: it is being stopped or configured anew',
    )
    expect(server.requests).to.have.length(1)
  })
})

/**
 * Keeps all of Node.js' threads for files waiting, as a mount does that hangs, until the returned function
 * is called: each opens a pipe that nobody writes to.
 */
function hangAllFiles(): () => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-test-'))
  const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)
  const pipes = Array.from({ length: threads }, (_, i) => join(folder, `pipe-${i}`))
  execFileSync('mkfifo', pipes)
  const readers = pipes.map((pipe) => open(pipe, 'r'))
  return async () => {
    if (!existsSync(folder)) return
    // On this thread, as all others wait.
    const writers = pipes.map((pipe) => openSync(pipe, 'r+'))
    for (const reader of readers) await (await reader).close()
    for (const writer of writers) closeSync(writer)
    rmSync(folder, { recursive: true })
  }
}

function filesUnderWay(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'FSReqPromise').length
}

const NO_ALERTS = '{"status":"success","data":{"resultType":"vector","result":[]}}'

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}
