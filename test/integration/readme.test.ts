import { expect } from 'chai'
import { exec, spawn } from 'node:child_process'
import { cp, readdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { parseSettings } from '../../lib/config/parse-settings.js'
import { atExit } from '../support/at-exit.js'
import { embeddedConfig } from '../support/embedded-config.js'
import { eventually } from '../support/eventually.js'
import { preReboot } from '../support/fleetlock-request.js'
import { findFreePort } from '../support/free-port.js'
import { AIRLOCK_PROGRAM, airlockEnvironment } from '../support/run-airlock.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

const ROOT = join(import.meta.dirname, '../../..')
const CURL = "curl -i -H 'fleet-lock-protocol: true' -d"
const PRE_REBOOT = 'http://127.0.0.1:3333/v1/pre-reboot'

/** The README's commands in its order, but for `npm test`, which is what runs this. */
const STUCK_MACHINE = [
  "curl --fail-with-body -H 'fleet-lock-protocol: true' -d @body.json http://127.0.0.1:3333/v1/pre-reboot",
  'airlock status patroni',
  'airlock unlock 2204af7f41984cb19b8cde4edc06c142 -g patroni',
  "curl --fail-with-body -H 'fleet-lock-protocol: true' -d @body.json http://127.0.0.1:3333/v1/pre-reboot && echo granted",
]
const START = 'npm ci && npm start'
const QUICK_START = [
  `${CURL} @config/body.json ${PRE_REBOOT}`,
  `${CURL} '{"client_params":{"id":"another","group":"default"}}' ${PRE_REBOOT}`,
  `${CURL} @config/body.json http://127.0.0.1:3333/v1/steady-state`,
]
const STATUS = 'node dist/bin/airlock.js status -c config/development.toml'
const TEST = 'npm test'

/** How long it may take to compile on a machine that is busy. */
const COMPILED_WITHIN_MS = 150_000

const run = promisify(exec)

describe('the README', () => {
  let readme: string
  let folder: TempFolder

  before(async () => {
    readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  })
  beforeEach(async () => {
    folder = await createTempFolder()
  })
  afterEach(() => folder.remove())

  /** Runs a command as it stands there, but for the port; resolves to what it prints. */
  async function type(command: string, cwd: string, port: string): Promise<string> {
    const env = airlockEnvironment(folder.path, { AIRLOCK_CONFIG: folder.file('airlock.toml') })
    const program = `airlock() { ${JSON.stringify(process.execPath)} ${JSON.stringify(AIRLOCK_PROGRAM)} "$@"; }`
    const text = `${program}; ${command.replaceAll(':3333', `:${port}`)}`
    const ended = run(text, { cwd, env, timeout: 15_000 })
    const failed = ended.catch((error: unknown) => error as { code: number; stdout: string })
    const result = await failed
    // A refusal is an answer, too: curl says 22 then.
    if ('code' in result && result.code !== 22) await ended
    return result.stdout
  }

  it('shows no command that is not run here', () => {
    const blocks = [...readme.matchAll(/```(\w*)\n(.*?)```/gs)].map(([, kind, text = '']) => {
      const lines = text.split('\n')
      if (kind === 'sh') return lines.filter((line) => line !== '')
      return lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2))
    })
    expect(blocks.flat()).to.deep.equal([...STUCK_MACHINE, START, ...QUICK_START, STATUS, TEST])
  })

  it('tells the story of the stuck machine as it happens', async () => {
    const path = folder.file('airlock.db')
    const text = embeddedConfig({ path, groups: { patroni: 1 } })
    const configPath = await folder.write('airlock.toml', text)
    const body = { client_params: { id: 'the next one', group: 'patroni' } }
    await folder.write('body.json', JSON.stringify(body))
    const daemon: Daemon = await (await runDaemon({ configPath })).ready()
    try {
      const dead = { id: '2204af7f41984cb19b8cde4edc06c142', group: 'patroni' }
      expect((await preReboot(daemon.serviceUrl, dead)).status).to.equal(200)
      const { port } = new URL(daemon.serviceUrl)
      const printed: string[] = []
      for (const command of STUCK_MACHINE) {
        printed.push(await type(command, folder.path, port))
      }
      const shown = [...readme.matchAll(/```\n(\$ curl.*?)```/gs)][0]?.[1] ?? ''
      const [refusal, , , granted] = printed
      expect(shown).to.include(`\n${refusal?.trim()}\n`)
      expect(printed[1]).to.match(/^GROUP +SLOTS +HELD +FREE +STATE\npatroni +1 +1 +0/)
      expect(printed[1]).to.match(/^HOLDER +GROUP +SINCE +HELD FOR +BY\n2204af7f\w+ +patroni /m)
      // Only a terminal is told that it was released.
      expect(printed[2]).to.equal('')
      expect(granted).to.equal('granted\n')
    } finally {
      await daemon.kill()
    }
  })

  it('has a quick start that works', async function () {
    this.timeout(COMPILED_WITHIN_MS + 30_000)
    for (const name of ['bin', 'lib', 'config', 'web', 'package.json', '.npmrc']) {
      await cp(join(ROOT, name), folder.file(name), { recursive: true })
    }
    for (const name of await readdir(ROOT)) {
      if (name.startsWith('tsconfig')) await cp(join(ROOT, name), folder.file(name))
    }
    await symlink(join(ROOT, 'node_modules'), folder.file('node_modules'))
    const port = String(await findFreePort())
    const ports = { AIRLOCK__SERVICE__PORT: port, AIRLOCK__STATUS__PORT: '0' }
    // As a terminal does, in a process group of its own, which Ctrl-C ends.
    const started = spawn('npm', ['start'], {
      cwd: folder.path,
      env: airlockEnvironment(folder.path, ports),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    /** Signals npm and all that it has started; nothing happens where none of them is left. */
    const interrupt = (signal: NodeJS.Signals): void => {
      try {
        if (started.pid !== undefined) process.kill(-started.pid, signal)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
    const forget = atExit(() => interrupt('SIGKILL'))
    let output = ''
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    }
    const ended = new Promise((resolve) => started.once('close', resolve))
    try {
      await eventually(() => expect(output).to.include('airlock is ready'), {
        timeoutMs: COMPILED_WITHIN_MS,
      })
      const statuses: (string | undefined)[] = []
      for (const command of QUICK_START) {
        const printed = await type(command, folder.path, port)
        statuses.push(/^HTTP\/1\.1 (\d+)/.exec(printed)?.[1])
      }
      expect(statuses).to.deep.equal(['200', '423', '200'])
      expect(await type(STATUS, folder.path, port)).to.match(/^default +1 +0 +1$/m)
      expect(await readdir(folder.file('var'))).to.include('airlock.db')
    } finally {
      interrupt('SIGINT')
      await Promise.race([ended, sleep(10_000, undefined, { ref: false })])
      interrupt('SIGKILL')
      forget()
    }
  })
})

describe('the examples of configurations', () => {
  it('are whole and without problems in the README', async () => {
    const examples = examplesOf(await readFile(join(ROOT, 'README.md'), 'utf8'))
    expect(examples).to.have.length(8)
    for (const toml of examples) expectValid(toml)
  })

  it('are without problems in the other pages', async () => {
    const names = (await readdir(join(ROOT, 'docs'))).filter((name) => name.endsWith('.md'))
    let count = 0
    for (const name of names) {
      for (const toml of examplesOf(await readFile(join(ROOT, 'docs', name), 'utf8'))) {
        const isWhole = toml.includes('[etcd3]') || toml.includes('[store]')
        expectValid(isWhole ? toml : `${toml}\n[store]\nkind = "embedded"\npath = "airlock.db"`)
        count += 1
      }
    }
    expect(count).to.be.greaterThan(5)
  })
})

function examplesOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/```toml\n(.*?)```/gs)].map(([, toml = '']) => toml)
}

function expectValid(toml: string): void {
  const parsed = parseSettings(toml, {}, { nodeMajor: 22 })
  expect('problems' in parsed ? parsed.problems : [], toml).to.deep.equal([])
}
