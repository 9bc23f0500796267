import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { certificates } from '../support/certificates.js'
import { embeddedConfig } from '../support/embedded-config.js'
import { answer, FakeServer, type FakeHandler } from '../support/fake-server.js'
import { findFreePort } from '../support/free-port.js'
import { AIRLOCK_PROGRAM, airlockEnvironment, runAirlock } from '../support/run-airlock.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { startAirlock } from '../support/start-airlock.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

const MACHINE_ID = '1c09ca98649c4c7abc779cd04c96812e'
const ZINCATI_ID = '978a225b3d7b40e9acd7ce9b62f68444'
const FULL = 'failed_lock_semaphore_full: all 1 semaphore slots currently locked'

let folder: TempFolder
let machineIdFile: string
let fake: FakeServer | undefined

beforeEach(async () => {
  folder = await createTempFolder()
  machineIdFile = await folder.write('machine-id', `${MACHINE_ID}\n`)
})
afterEach(async () => {
  await fake?.close()
  fake = undefined
  await folder.remove()
})

/** Runs `airlock client ...`, on a machine with the machine id above. */
function client(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return runAirlock(['client', ...args], {
    environment: { AIRLOCK_CLIENT_MACHINE_ID: machineIdFile, ...environment },
  })
}

async function fakeServer(handler: FakeHandler): Promise<FakeServer> {
  fake = await FakeServer.start(handler)
  return fake
}

describe('airlock client --help', () => {
  it('shows every command, examples and exit codes, and no option of the daemon', async () => {
    const { exitCode, stdout, stderr } = await client(['--help'])
    expect([exitCode, stderr]).to.deep.equal([0, ''])
    for (const command of ['pre-reboot', 'steady-state', 'run', 'id']) {
      expect(stdout).to.match(new RegExp(`^ {2}airlock client ${command}`, 'm'))
    }
    expect(stdout).to.match(/^ {2}75 {2}refused for now/m)
    expect(stdout).to.not.contain('--config')
  })

  for (const command of ['pre-reboot', 'steady-state', 'run', 'id']) {
    it(`shows the options of ${command}, their variables and an example`, async () => {
      const { exitCode, stdout, stderr } = await client([command, '--help'])
      expect([exitCode, stderr]).to.deep.equal([0, ''])
      expect(stdout).to.match(new RegExp(`^ {2}airlock .*client ${command}`, 'm'))
      expect(stdout).to.contain('AIRLOCK_CLIENT_MACHINE_ID')
      expect(stdout).to.not.contain('--config')
      const tooWide = stdout.split('\n').filter((line) => line.length > 80)
      expect(tooWide).to.deep.equal([])
    })
  }

  it('says what is right for reboots, where run is not', async () => {
    const { stdout } = await client(['run', '--help'])
    expect(stdout).to.contain('For reboots this is the wrong tool')
    expect(stdout).to.contain('airlock client pre-reboot --url URL --wait && systemctl reboot')
    expect(stdout).to.contain('airlock client steady-state')
  })

  // The bound is the issue's. The best of several, and of more where the machine does other things.
  it('starts in under twice the time of an empty Node.js program and 100 ms', async function () {
    this.timeout(60_000)
    const run = promisify(execFile)
    const timed = async (args: readonly string[]): Promise<number> => {
      const began = performance.now()
      await run(process.execPath, [...args], { env: airlockEnvironment(folder.path) })
      return performance.now() - began
    }
    let [empty, help] = [Infinity, Infinity]
    const isMet = (): boolean => help < 2 * empty + 100
    for (let round = 0; round < 5 || (round < 40 && !isMet()); round += 1) {
      empty = Math.min(empty, await timed(['-e', '0']))
      help = Math.min(help, await timed([AIRLOCK_PROGRAM, 'client', '--help']))
    }
    expect(isMet(), `${help} ms, against ${empty} ms`).to.equal(true)
  })
})

describe('airlock client, as loaded', () => {
  /** The files that a call loads, as V8's coverage lists them. */
  async function filesLoadedBy(args: readonly string[], name: string): Promise<string[]> {
    const coverage = folder.file(name)
    await mkdir(coverage)
    await client(args, { NODE_V8_COVERAGE: coverage })
    const files: string[] = []
    for (const file of await readdir(coverage)) {
      const { result } = JSON.parse(await readFile(`${coverage}/${file}`, 'utf8')) as {
        result: { url: string }[]
      }
      const urls = result.map(({ url }) => url).filter((url) => url.startsWith('file://'))
      files.push(...urls.map((url) => fileURLToPath(url)))
    }
    return files
  }

  it('needs commander and nothing else of node_modules, no config and no store', async () => {
    const server = await fakeServer((response) => answer(response, 200))
    const calls = [
      ['--help'],
      ['id'],
      ['pre-reboot', '--url', server.url],
      ['run', '--url', server.url, '--id', folder.path, '--', 'true'],
    ]
    for (const [index, args] of calls.entries()) {
      const files = await filesLoadedBy(args, `coverage-${index}`)
      expect(files.some((file) => file.endsWith('/lib/cli/client-run.js'))).to.equal(true)
      const packages = files.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1])
      expect([...new Set(packages)].filter((name) => name !== undefined)).to.deep.equal([
        'commander',
      ])
      const heavy = /\/lib\/(store|daemon|http|status|checker|gates|config\/(load|parse|read))/
      expect(files.filter((file) => heavy.test(file))).to.deep.equal([])
    }
    expect(server.operations).to.deep.equal(['pre-reboot', 'pre-reboot', 'steady-state'])
  })
})

describe('airlock client id', () => {
  it("prints Zincati's id of this machine", async () => {
    expect(await client(['id'])).to.deep.equal({
      exitCode: 0,
      stdout: `${ZINCATI_ID}\n`,
      stderr: '',
    })
  })

  it('takes another machine-id file and another application', async () => {
    const file = await folder.write('other', 'f'.repeat(32))
    const { stdout } = await client(['id', '--machine-id', file, '--app-id', '0'.repeat(32)])
    expect(stdout).to.match(/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}\n$/)
    expect(stdout).to.not.equal((await client(['id', '--machine-id', file])).stdout)
  })

  it('exits 1 where there is no machine id, and 2 for an application id that is none', async () => {
    const none = folder.file('none')
    expect([
      await client(['id', '--machine-id', none]),
      await client(['id', '--app-id', 'zincati']),
    ]).to.deep.equal([
      {
        exitCode: 1,
        stdout: '',
        stderr: `airlock: ${none} cannot be read: there is no such file\n`,
      },
      {
        exitCode: 2,
        stdout: '',
        stderr:
          'error: --app-id must be 32 hex characters, or a UUID\n(add --help for the usage)\n',
      },
    ])
  })
})

describe('airlock client against an airlock', () => {
  let daemon: Daemon
  let url: string

  beforeEach(async () => {
    daemon = await (await runDaemon({ config: embeddedConfig({ groups: { two: 2 } }) })).ready()
    url = `${daemon.serviceUrl}/`
  })
  afterEach(() => daemon.stop())

  const ok = { exitCode: 0, stdout: '', stderr: '' }

  it('takes and gives back a slot, both as often as one likes, without a word', async () => {
    for (const command of ['pre-reboot', 'pre-reboot', 'steady-state', 'steady-state']) {
      expect(await client([command, '--url', url])).to.deep.equal(ok)
    }
  })

  it('exits 75 and says why, when all slots are held', async () => {
    expect(await client(['pre-reboot', '--url', url])).to.deep.equal(ok)
    expect(await client(['pre-reboot', '--url', url, '--id', 'b'])).to.deep.equal({
      exitCode: 75,
      stdout: '',
      stderr: `airlock: refused for now: ${FULL}\n`,
    })
    // It was held under Zincati's id, and is free after that one's release.
    expect(await client(['steady-state', '--url', url, '--id', ZINCATI_ID])).to.deep.equal(ok)
    expect(await client(['pre-reboot', '--url', url, '--id', 'b'])).to.deep.equal(ok)
  })

  it('takes its options from the environment', async () => {
    const environment = {
      AIRLOCK_CLIENT_URL: url,
      AIRLOCK_CLIENT_GROUP: 'two',
      AIRLOCK_CLIENT_ID: 'a',
      AIRLOCK_CLIENT_WAIT: '100ms',
      AIRLOCK_CLIENT_RETRY_INTERVAL: '50ms',
      AIRLOCK_CLIENT_TIMEOUT: '5s',
    }
    expect(await client(['pre-reboot'], environment)).to.deep.equal(ok)
    expect(await client(['pre-reboot', '--id', 'b'], environment)).to.deep.equal(ok)
    const { exitCode, stderr } = await client(['pre-reboot', '--id', 'c'], environment)
    expect(exitCode).to.equal(75)
    expect(stderr).to.contain('refused for now: failed_lock_semaphore_full: all 2 semaphore slots')
  })

  it('exits 1 for a group that the server does not know', async () => {
    expect(await client(['pre-reboot', '--url', url, '--group', 'nope'])).to.deep.equal({
      exitCode: 1,
      stdout: '',
      stderr: 'airlock: failed: unknown_group: unknown group "nope"\n',
    })
  })

  it('waits until the slot is free, with one line for as long as the reason stays', async () => {
    await client(['pre-reboot', '--url', url])
    const waiting = await startAirlock(
      ['client', 'pre-reboot', '--url', url, '--id', 'b', '--wait', '--retry-interval', '50ms'],
      {},
    )
    await waiting.printed(FULL)
    await new Promise((resolve) => setTimeout(resolve, 300))
    await client(['steady-state', '--url', url])
    const { exitCode, stdout, stderr } = await waiting.ended
    expect([exitCode, stdout]).to.deep.equal([0, ''])
    expect(stderr).to.match(
      /^airlock: failed_lock_semaphore_full: [^\n]+; asking again, every 0s\nairlock: granted after \ds\n$/,
    )
  })

  it('exits 75 when the wait is over', async () => {
    await client(['pre-reboot', '--url', url])
    const { exitCode, stderr } = await client(
      ['pre-reboot', '--url', url, '--id', 'b', '--wait', '200ms', '--retry-interval', '1m'],
      {},
    )
    expect([exitCode, stderr]).to.deep.equal([
      75,
      `airlock: ${FULL}; asking again, every 1m\nairlock: refused for now: ${FULL}\n`,
    ])
  })

  it('waits with steady-state for a server that is away', async () => {
    await client(['pre-reboot', '--url', url])
    const port = await findFreePort()
    const args = ['--url', `http://127.0.0.1:${port}/`, '--wait', '--retry-interval', '50ms']
    const waiting = await startAirlock(['client', 'steady-state', ...args], {
      AIRLOCK_CLIENT_MACHINE_ID: machineIdFile,
    })
    await waiting.printed('connection refused')
    const second = await runDaemon({
      config: embeddedConfig().replace('[service]\nport = 0', `[service]\nport = ${port}`),
    })
    try {
      const { exitCode, stderr } = await waiting.ended
      expect(exitCode).to.equal(0)
      expect(stderr).to.match(/^airlock: unreachable: [^\n]+\nairlock: released after \d+s\n$/)
    } finally {
      await second.stop()
    }
  })
})

describe('airlock client on the wire', () => {
  it('sends what Zincati sends, below the base path, with Basic credentials', async () => {
    const server = await fakeServer((response) => answer(response, 204))
    const url = `http://user:p%40ss@127.0.0.1:${server.port}/base`
    expect((await client(['pre-reboot', '--url', url])).exitCode).to.equal(0)
    expect((await client(['steady-state', '--url', server.url, '--id', 'x'])).exitCode).to.equal(0)
    expect(server.requests).to.deep.equal([
      {
        method: 'POST',
        path: '/base/v1/pre-reboot',
        headers: {
          'fleet-lock-protocol': 'true',
          'content-length': '77',
          authorization: `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
          host: `127.0.0.1:${server.port}`,
          connection: 'close',
        },
        body: `{"client_params":{"id":"${ZINCATI_ID}","group":"default"}}`,
      },
      {
        method: 'POST',
        path: '/v1/steady-state',
        headers: {
          'fleet-lock-protocol': 'true',
          'content-length': '46',
          host: `127.0.0.1:${server.port}`,
          connection: 'close',
        },
        body: '{"client_params":{"id":"x","group":"default"}}',
      },
    ])
  })

  const HTML = '<html><h1>Oops</h1></html>'
  const ERROR = JSON.stringify({ kind: 'lock_held', value: 'by\u001b[31m another' })
  const cases: readonly (readonly [string, FakeHandler, number, string])[] = [
    ['HTML with 500', (r) => r.writeHead(500).end(HTML), 1, 'failed: generic_http_500: '],
    ['HTML with 404', (r) => r.writeHead(404).end(HTML), 1, 'failed: generic_http_404: '],
    ['HTML with 423', (r) => r.writeHead(423).end(HTML), 75, 'refused for now: generic_http_423: '],
    ['an error as text/html', reply(409, ERROR), 75, 'refused for now: lock_held: by [31m another'],
    ['503 with an error', reply(503, ERROR), 75, 'refused for now: lock_held: '],
    ['504 of a proxy', reply(504, ''), 1, 'failed: generic_http_504: '],
    ['429 without an error', reply(429, ''), 75, 'refused for now: generic_http_429: '],
    ['401', reply(401, ERROR), 1, 'failed: lock_held: '],
    ['403', reply(403, ''), 1, 'failed: generic_http_403: '],
    ['400', reply(400, ERROR), 1, 'failed: lock_held: '],
    ['a redirect', redirect, 1, 'a redirect to /elsewhere; redirects are not followed'],
    ['a closed connection', (r) => r.destroy(), 1, 'connection was closed before the answer'],
    ['an error cut short', cutShort(423), 75, 'refused for now: generic_http_423: '],
    ['an endless error', (r) => flood(r, 423), 75, 'refused for now: generic_http_423: '],
    ['no answer', () => undefined, 1, 'failed: timeout: '],
  ]
  for (const [name, handler, exitCode, text] of cases) {
    it(`exits ${exitCode} after ${name}`, async () => {
      const server = await fakeServer(handler)
      const result = await client(['pre-reboot', '--url', server.url, '--timeout', '500ms'])
      expect([result.exitCode, result.stdout]).to.deep.equal([exitCode, ''])
      expect(result.stderr).to.contain(text)
      expect(server.requests.length).to.equal(1)
      const mayBeGranted = /^(no answer|a closed|50\d|HTML with 500)/.test(name)
      expect(result.stderr.includes('it may have been granted all the same')).to.equal(mayBeGranted)
    })
  }

  for (const [name, handler] of [
    ['a body cut short', cutShort(200)],
    ['a FleetLock error as its body', reply(200, ERROR)],
    ['an endless body', (r) => flood(r, 200)],
  ] as const satisfies readonly (readonly [string, FakeHandler])[]) {
    it(`exits 0 after any 2xx: with ${name}`, async () => {
      const server = await fakeServer(handler)
      const result = await client(['pre-reboot', '--url', server.url])
      expect(result).to.deep.equal({ exitCode: 0, stdout: '', stderr: '' })
    })
  }

  it('says that nobody listens, and that a host is not known', async () => {
    const nobody = `http://127.0.0.1:${await findFreePort()}/`
    const results = [
      await client(['pre-reboot', '--url', nobody]),
      await client(['pre-reboot', '--url', 'http://host.invalid/']),
    ]
    expect(results[0]).to.deep.equal({
      exitCode: 1,
      stdout: '',
      stderr: `airlock: failed: unreachable: ${nobody}v1/pre-reboot: connection refused\n`,
    })
    expect(results[1]?.exitCode).to.equal(1)
    expect(results[1]?.stderr).to.match(/failed: unreachable: .*the host name/)
  })

  it('says that what answers is no HTTP server', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end('SSH-2.0-OpenSSH_9.2\r\n')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
      const { exitCode, stderr } = await client(['pre-reboot', '--url', url])
      expect([exitCode, stderr]).to.deep.equal([
        1,
        `airlock: failed: not_http: ${url}v1/pre-reboot: what answers there does not speak HTTP\n` +
          'airlock: it may have been granted all the same: airlock client steady-state gives it back\n',
      ])
    } finally {
      server.close()
    }
  })

  it('tells that it waits for a server that lets the request wait, and takes its grant', async () => {
    const server = await fakeServer((response) => {
      setTimeout(() => answer(response, 200), 2500)
    })
    const { exitCode, stderr } = await client(['pre-reboot', '--url', server.url, '--wait'])
    expect(exitCode).to.equal(0)
    expect(stderr).to.match(
      new RegExp(`^airlock: waiting for ${server.url} to answer\nairlock: granted after \\ds\n$`),
    )
  })

  it('goes on waiting through a server in trouble, and ends at an answer that will stay', async () => {
    const statuses = [502, 423, 401]
    const server = await fakeServer((response, _request, index) => {
      answer(response, statuses[index] ?? 200)
    })
    const args = ['--url', server.url, '--wait', '--retry-interval', '10ms']
    const { exitCode, stderr } = await client(['pre-reboot', ...args])
    expect(exitCode).to.equal(1)
    expect(stderr.match(/generic_http_\d+/g)).to.deep.equal([
      'generic_http_502',
      'generic_http_423',
      'generic_http_401',
    ])
  })
})

describe('airlock client over TLS', () => {
  it('trusts what --cafile names, and nothing else', async () => {
    const { server, caPath, otherCaPath } = await certificates()
    fake = await FakeServer.start((response) => answer(response, 200), server)
    const ask = (...args: readonly string[]) =>
      client(['pre-reboot', '--url', fake?.url ?? '', ...args])
    expect(await ask('--cafile', caPath)).to.deep.equal({ exitCode: 0, stdout: '', stderr: '' })
    const environment = { AIRLOCK_CLIENT_CAFILE: caPath }
    expect((await client(['pre-reboot', '--url', fake.url], environment)).exitCode).to.equal(0)
    for (const args of [[], ['--cafile', otherCaPath]]) {
      const { exitCode, stderr } = await ask(...args)
      expect(exitCode).to.equal(1)
      expect(stderr).to.match(/failed: tls_failure: .*--cafile names the authority to trust\n$/)
    }
    expect(fake.requests.length).to.equal(2)
  })

  it("does not take another host's certificate", async () => {
    const { otherHostServer, caPath } = await certificates()
    fake = await FakeServer.start((response) => answer(response, 200), otherHostServer)
    const result = await client(['pre-reboot', '--url', fake.url, '--cafile', caPath, '--wait'])
    expect(result.exitCode).to.equal(1)
    expect(result.stderr).to.contain("the server's certificate is not accepted")
    expect(fake.requests).to.deep.equal([])
  })

  it('says so where only one side speaks TLS', async () => {
    const server = await fakeServer((response) => answer(response, 200))
    const { exitCode, stderr } = await client([
      'pre-reboot',
      '--url',
      server.url.replace('http:', 'https:'),
    ])
    expect(exitCode).to.equal(1)
    expect(stderr).to.match(/failed: tls_failure: \S+ TLS failed \(.+\)\n$/)
  })

  it('exits 2 for a bundle that is not there, or is none', async () => {
    const { garbagePath } = await certificates()
    for (const [file, problem] of [
      [folder.file('none'), 'cannot be read: there is no such file'],
      [garbagePath, 'has no PEM certificate in it'],
    ] as const) {
      const result = await client(['pre-reboot', '--url', 'https://host/', '--cafile', file])
      expect([result.exitCode, result.stderr.split('\n')[0]]).to.deep.equal([
        2,
        `error: --cafile: ${file} ${problem}`,
      ])
    }
  })
})

describe('airlock client, called wrongly', () => {
  const URL = ['--url', 'http://127.0.0.1:9/']
  for (const [args, message] of [
    [[], 'Usage: airlock client'],
    [['lock'], "unknown command 'lock'"],
    [['pre-reboot'], "required option '--url <url>' (or AIRLOCK_CLIENT_URL) not specified"],
    [['pre-reboot', ...URL, 'x'], 'too many arguments'],
    [['pre-reboot', ...URL, '--wait', '10'], 'such as 90s, 10m or 1h30m, or forever'],
    [['pre-reboot', ...URL, '--wait', '0s'], 'Expected a duration'],
    [['pre-reboot', ...URL, '--timeout', '25h'], 'of at most 24h'],
    [['pre-reboot', ...URL, '--retry-interval', 'forever'], 'of at most 24h'],
    [['pre-reboot', ...URL, '--group', 'a b'], '--group may only contain letters'],
    [['pre-reboot', ...URL, '--id', ''], '--id must not be empty'],
    [['pre-reboot', '--url', 'host:3333'], '--url must be http://HOST[:PORT]/'],
    [['pre-reboot', ...URL, '-c', 'x'], "option '-c, --config <file>' is not for airlock client"],
    [['run', ...URL, '-v', '--', 'true'], "option '-v, --verbose' is not for airlock client"],
    [['run', ...URL], "missing required argument 'command'"],
    [['run', ...URL, '--'], "missing required argument 'command'"],
    [['run', ...URL, 'true'], 'the command must stand after --'],
    [['run', ...URL, 'env', '--', 'true'], 'the command must stand after --'],
    [['run', ...URL, '--wait', 'true'], 'Expected a duration'],
  ] as const) {
    it(`exits 2 and says why: ${args.join(' ')}`, async () => {
      const { exitCode, stdout, stderr } = await client(args)
      expect([exitCode, stdout]).to.deep.equal([2, ''])
      expect(stderr).to.contain(message)
    })
  }

  it('never prints a password', async () => {
    for (const url of ['http://user:secret@host/?a', 'ftp://user:secret@host/', 'x:secret@y']) {
      const { exitCode, stderr } = await client(['pre-reboot', '--url', url])
      expect([exitCode, stderr.includes('secret')]).to.deep.equal([2, false])
    }
    const { stderr } = await client(['pre-reboot', '--url', 'http://user:secret@127.0.0.1:9/'])
    expect([stderr.includes('connection refused'), stderr.includes('secret')]).to.deep.equal([
      true,
      false,
    ])
  })

  it('exits 1 without a machine id, and says that --id would do', async () => {
    const none = folder.file(randomBytes(4).toString('hex'))
    for (const command of [['pre-reboot'], ['steady-state'], ['run', '--', 'true']]) {
      const [name = '', ...rest] = command
      const result = await client([name, ...URL, '--machine-id', none, ...rest])
      expect(result).to.deep.equal({
        exitCode: 1,
        stdout: '',
        stderr: `airlock: ${none} cannot be read: there is no such file; name the machine with --id\n`,
      })
    }
  })
})

function reply(status: number, body: string): FakeHandler {
  return (response) => response.writeHead(status, { 'content-type': 'text/html' }).end(body)
}

function redirect(response: ServerResponse): void {
  response.writeHead(302, { location: '/elsewhere' }).end()
}

/** The head of an answer, and the end of the connection in the middle of its body. */
function cutShort(status: number): FakeHandler {
  return (response) => {
    response.writeHead(status, { 'content-length': 100 })
    response.write('{"kind":"a","val', () => response.destroy())
  }
}

function flood(response: ServerResponse, status: number): void {
  response.writeHead(status)
  const chunk = Buffer.alloc(16 * 1024, ' ')
  const write = (): void => {
    while (!response.destroyed && response.write(chunk));
    if (!response.destroyed) response.once('drain', write)
  }
  write()
}
