import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { embeddedConfig } from '../support/embedded-config.js'
import { preReboot, steadyState } from '../support/fleetlock-request.js'
import { findFreePort } from '../support/free-port.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'

const PROGRAM = join(import.meta.dirname, '../conformance/run.js')
const WITHIN_MS = 60_000

interface Run {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Report {
  readonly slots: number | null
  readonly summary: Readonly<Record<string, number>>
  readonly cases: readonly {
    readonly name: string
    readonly rule: string
    readonly outcome: string
    readonly reasons: readonly string[]
  }[]
}

async function runSuite(...args: readonly string[]): Promise<Run> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: WITHIN_MS,
    killSignal: 'SIGKILL',
  })
  const exit = once(child, 'close') as Promise<[number | null]>
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [exitCode] = await exit
  return { exitCode, stdout, stderr }
}

async function reportOf(url: string, group: string, ...more: readonly string[]): Promise<Report> {
  const { stdout, stderr } = await runSuite('--json', '--url', url, '--group', group, ...more)
  expect(stderr).to.equal('')
  return JSON.parse(stdout) as Report
}

function namesOf({ cases }: Report, outcome: string): readonly string[] {
  return cases.filter((one) => one.outcome === outcome).map(({ name }) => name)
}

/** How a little server is wrong. */
interface Flaws {
  readonly grantsEverything?: boolean
  readonly errorsAreText?: boolean
  readonly isNotRecursive?: boolean
  readonly locksByGet?: boolean
  readonly namesMachinesInKinds?: boolean
  readonly redirects?: boolean
  readonly freesByAnybody?: boolean
}

const SLOTS = 2

/** A little FleetLock server of another hand: its kinds and its status for "full" are its own. */
class LittleServer {
  readonly #server: Server
  readonly #flaws: Flaws
  readonly #user: string | undefined
  readonly #holders: string[] = []

  private constructor(flaws: Flaws, user: string | undefined) {
    this.#flaws = flaws
    this.#user = user
    this.#server = createServer((request, response) => {
      void text(request).then((body) => this.#answer(request, body, response))
    })
  }

  static async start(flaws: Flaws = {}, user?: string): Promise<LittleServer> {
    const little = new LittleServer(flaws, user)
    little.#server.listen(0, '127.0.0.1')
    await once(little.#server, 'listening')
    return little
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  #answer(request: IncomingMessage, body: string, response: ServerResponse): void {
    const { grantsEverything, locksByGet, redirects } = this.#flaws
    const refuse = (status: number, kind: string): void => this.#refuse(response, status, kind)
    if (grantsEverything === true) response.end()
    else if (this.#user !== undefined && request.headers.authorization !== this.#user) {
      refuse(401, 'denied')
    } else if (redirects === true && !request.url?.endsWith('/')) {
      response.writeHead(301, { Location: `${request.url ?? ''}/` }).end()
    } else if (!/^\/v1\/(?:pre-reboot|steady-state)\/?$/.test(request.url ?? '')) {
      refuse(404, 'no_path')
    } else if (request.method !== 'POST' && locksByGet !== true) refuse(405, 'no_method')
    else if (request.headers['fleet-lock-protocol'] !== 'true') refuse(400, 'no_header')
    else {
      const id = idIn(body)
      if (id === undefined) refuse(400, 'no_identity')
      else if (request.url?.includes('pre-reboot') === true) this.#lock(id, response)
      else this.#unlock(id, response)
    }
  }

  #lock(id: string, response: ServerResponse): void {
    const { isNotRecursive, namesMachinesInKinds } = this.#flaws
    const isHolder = this.#holders.includes(id) && isNotRecursive !== true
    if (!isHolder && this.#holders.length >= SLOTS) {
      this.#refuse(response, 409, namesMachinesInKinds === true ? `full_for_${id}` : 'full')
      return
    }
    if (!isHolder) this.#holders.push(id)
    response.end()
  }

  #unlock(id: string, response: ServerResponse): void {
    const { isNotRecursive, freesByAnybody } = this.#flaws
    const index = this.#holders.indexOf(id)
    if (index >= 0) this.#holders.splice(index, 1)
    else if (freesByAnybody === true) this.#holders.pop()
    else if (isNotRecursive === true) {
      this.#refuse(response, 404, 'no_holder')
      return
    }
    response.end()
  }

  #refuse(response: ServerResponse, status: number, kind: string): void {
    const body = { kind, value: 'a sentence' }
    if (this.#flaws.errorsAreText === true) response.writeHead(status).end('no')
    else {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    }
  }
}

function idIn(body: string): string | undefined {
  let document: unknown
  try {
    document = JSON.parse(body)
  } catch {
    return undefined
  }
  const { client_params: parameters } = Object(document) as { client_params?: unknown }
  const { id, group } = Object(parameters) as { id?: unknown; group?: unknown }
  return typeof id === 'string' && id !== '' && group === 'little' ? id : undefined
}

describe('the conformance suite', function () {
  this.timeout(WITHIN_MS)

  describe('on airlock', () => {
    let daemon: Daemon

    before(async () => {
      daemon = await runDaemon({ config: embeddedConfig({ groups: { several: 3, full: 0 } }) })
      await daemon.ready()
    })
    after(async () => {
      await daemon.stop()
    })

    for (const [group, slots] of Object.entries({ default: 1, several: 3 })) {
      it(`passes all its cases, with ${slots} of ${slots} slots`, async () => {
        const report = await reportOf(daemon.serviceUrl, group)
        expect(report.cases.filter(({ outcome }) => outcome !== 'pass')).to.deep.equal([])
        expect(report).to.have.property('slots', slots)
      })
    }

    it('says in lines what it has tried, and ends with 0', async () => {
      const { exitCode, stdout } = await runSuite(
        '--url',
        `${daemon.serviceUrl}/`,
        '--group',
        'default',
      )
      const lines = stdout.trimEnd().split('\n')
      expect(lines[0]).to.match(/^FleetLock conformance of http:.*, group default, 1 slot$/)
      expect(
        lines.slice(2, -2).every((line) => /^pass {6}[a-z]+[.a-z0-9-]* +\S/.test(line)),
      ).to.equal(true)
      expect(lines.at(-1)).to.match(/^(\d+) cases: \1 pass, 0 deviate, 0 fail$/)
      expect(exitCode).to.equal(0)
    })

    it('tries what docs/conformance.md says, by the rules that stand there', async () => {
      const file = join(import.meta.dirname, '../../../docs/conformance.md')
      const [, cases = ''] = (await readFile(file, 'utf8')).split(/^## .*$/m)
      const documented = cases.split('\n').filter((line) => line.startsWith('| `'))
      const report = await reportOf(daemon.serviceUrl, 'default')
      const tried = report.cases.map(({ name, rule }) => `| \`${name}\` | ${rule} |`)
      expect(documented.filter((line) => !line.includes('only with `--user`'))).to.deep.equal(tried)
    })

    it('leaves the group as it was', async () => {
      const params = { group: 'default', id: 'afterwards' }
      expect((await preReboot(daemon.serviceUrl, params)).status).to.equal(200)
      expect((await steadyState(daemon.serviceUrl, params)).status).to.equal(200)
    })

    it('ends with 1 and one line where the group has no free slot', async () => {
      const url = daemon.serviceUrl
      expect(await runSuite('--url', url, '--group', 'full')).to.deep.equal({
        exitCode: 1,
        stdout: '',
        stderr: `conformance: cannot try ${url}/: the first pre-reboot was answered 423 failed_lock_semaphore_full; the group needs a free slot\n`,
      })
    })
  })

  describe('on a server of another hand', () => {
    let little: LittleServer | undefined

    afterEach(async () => {
      await little?.stop()
      little = undefined
    })

    async function reportWith(flaws: Flaws): Promise<Report> {
      little = await LittleServer.start(flaws)
      return reportOf(little.url, 'little', '--slots', String(SLOTS))
    }

    it('fails nothing that the protocol leaves open, but names it', async () => {
      const report = await reportWith({})
      expect(namesOf(report, 'fails')).to.deep.equal([])
      expect(namesOf(report, 'deviates')).to.include('body.not-utf-8')
    })

    it('counts the slots', async () => {
      little = await LittleServer.start()
      expect(await reportOf(little.url, 'little')).to.have.property('slots', SLOTS)
    })

    it('finds one that grants everything', async () => {
      const failed = namesOf(await reportWith({ grantsEverything: true }), 'fails')
      expect(failed).to.include.members([
        ...['lock.full', 'lock.exclusive', 'unlock.non-holder-while-full', 'header.missing'],
        ...['method.get', 'path.unknown', 'body.empty', 'body.flat'],
      ])
      expect(failed).to.not.include.members(['lock.granted', 'lock.recursive', 'http.keep-alive'])
    })

    it('finds one whose errors are text', async () => {
      const failed = namesOf(await reportWith({ errorsAreText: true }), 'fails')
      expect(failed).to.include.members(['error.json', 'lock.full', 'header.missing', 'body.empty'])
      expect(
        failed.filter((name) => /^(?:method|id|content-type|cleanup)/.test(name)),
      ).to.deep.equal([])
    })

    it('finds one that is not recursive', async () => {
      const failed = namesOf(await reportWith({ isNotRecursive: true }), 'fails')
      expect(failed).to.include.members([
        ...['lock.recursive', 'lock.recursive-while-full'],
        ...['unlock.recursive', 'unlock.non-holder', 'unlock.many-at-once'],
      ])
      expect(failed.filter((name) => /^(?:error|method)/.test(name))).to.deep.equal([])
    })

    const single: readonly (readonly [what: string, flaws: Flaws, failed: readonly string[]])[] = [
      [
        'locks by GET',
        { locksByGet: true },
        ['get', 'put', 'patch', 'delete'].map((it) => `method.${it}`),
      ],
      [
        'names machines in its kinds',
        { namesMachinesInKinds: true },
        ['error.kind-stable', 'error.kind-names-nobody'],
      ],
      [
        'frees the slot of another machine',
        { freesByAnybody: true },
        ['unlock.non-holder-while-full', 'id.exact'],
      ],
    ]
    for (const [what, flaws, expected] of single) {
      it(`finds one that ${what}`, async () => {
        expect(namesOf(await reportWith(flaws), 'fails')).to.include.members([...expected])
      })
    }

    it('cannot begin on one that redirects, and says so', async () => {
      little = await LittleServer.start({ redirects: true })
      const { exitCode, stderr } = await runSuite('--url', little.url, '--group', 'little')
      expect(stderr).to.match(/the first pre-reboot was answered 301/)
      expect(exitCode).to.equal(1)
    })

    it('logs in with a password, tries it without one, and does not print it', async () => {
      const user = `Basic ${Buffer.from('me:secret').toString('base64')}`
      little = await LittleServer.start({}, user)
      const url = little.url.replace('//', '//me:secret@')
      for (const args of [
        ['--url', little.url, '--user', 'me:secret'],
        ['--url', url],
      ]) {
        const { exitCode, stdout, stderr } = await runSuite(...args, '--group', 'little')
        expect(stdout).to.match(/^pass {6}credentials\.wrong /m)
        expect(stdout + stderr).to.not.include('secret')
        expect(exitCode).to.equal(0)
      }
    })

    it('ends with 1 where something fails', async () => {
      little = await LittleServer.start({ errorsAreText: true })
      const { exitCode, stdout } = await runSuite('--url', little.url, '--group', 'little')
      expect(stdout).to.match(/^fails {5}error\.json .*\n {10}→ /m)
      expect(exitCode).to.equal(1)
    })
  })

  it('is made of its own files and Node.js alone', async () => {
    const folder = join(PROGRAM, '..')
    const files = (await readdir(folder)).filter((name) => name.endsWith('.js'))
    expect(files).to.include('run.js')
    for (const name of files) {
      const imported = (await readFile(join(folder, name), 'utf8')).matchAll(/ from '([^']+)'/g)
      for (const [, module] of imported) expect(module).to.match(/^node:|^\.\/[a-z-]+\.js$/)
    }
  })

  it('ends with 1 and one line where nothing listens', async () => {
    const url = `http://127.0.0.1:${await findFreePort()}/`
    expect(await runSuite('--url', url, '--group', 'default')).to.deep.equal({
      exitCode: 1,
      stdout: '',
      stderr: `conformance: cannot try ${url}: nothing listens there (connection refused)\n`,
    })
  })

  const wrongCalls: readonly (readonly [args: readonly string[], reason: string])[] = [
    [[], '--url is missing'],
    [['--url', 'http://localhost'], '--group is missing'],
    [
      ['--url', 'localhost:3333', '--group', 'a'],
      "--url: expected http://… or https://…, got 'localhost:3333'",
    ],
    [
      ['--url', 'http://localhost', '--group', 'a', '--slots', '0'],
      '--slots: expected a number from 1 to 100',
    ],
    [
      ['--url', 'http://localhost', '--group', 'a', '--user', 'me'],
      '--user: expected USER:PASSWORD',
    ],
    [
      ['--url', 'http://localhost', '--group', 'a', '--timeout', 'x'],
      "--timeout: expected seconds from 0.1 to 3600, got 'x'",
    ],
  ]
  for (const [args, reason] of wrongCalls) {
    it(`ends with 2 and its usage: ${reason}`, async () => {
      const { exitCode, stdout, stderr } = await runSuite(...args)
      expect(stderr.startsWith(`conformance: ${reason}\n\nUsage: npm run conformance`)).to.equal(
        true,
      )
      expect({ exitCode, stdout }).to.deep.equal({ exitCode: 2, stdout: '' })
    })
  }

  it('ends with 2 at an option that it does not know, and with 0 at --help', async () => {
    expect(await runSuite('--uri', 'a')).to.have.property('exitCode', 2)
    expect(await runSuite('--help')).to.include({ exitCode: 0, stderr: '' })
  })
})
