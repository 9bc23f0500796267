import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { appSpecificId, ZINCATI_APP_ID } from '../../lib/client/machine-id.js'
import { embeddedConfig } from '../support/embedded-config.js'
import { eventually } from '../support/eventually.js'
import { answer, FakeServer, type FakeHandler } from '../support/fake-server.js'
import { findFreePort } from '../support/free-port.js'
import { AIRLOCK_PROGRAM, runAirlock } from '../support/run-airlock.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { startAirlock, type StartedAirlock } from '../support/start-airlock.js'
import { TcpProxy } from '../support/tcp-proxy.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

const FULL = 'failed_lock_semaphore_full: all 1 semaphore slots currently locked'

let folder: TempFolder
let environment: Record<string, string>
/** Of a machine that only this test knows, as runs under one id exclude each other on a machine. */
let zincatiId: string
let runId: string
let fake: FakeServer | undefined
let daemon: Daemon | undefined

beforeEach(async () => {
  folder = await createTempFolder()
  const machineId = randomBytes(16).toString('hex')
  zincatiId = appSpecificId(machineId, ZINCATI_APP_ID)
  runId = `${zincatiId}.run`
  environment = { AIRLOCK_CLIENT_MACHINE_ID: await folder.write('machine-id', machineId) }
})
afterEach(async () => {
  await fake?.close()
  await daemon?.stop()
  fake = daemon = undefined
  await folder.remove()
})

async function fakeServer(handler: FakeHandler): Promise<FakeServer> {
  fake = await FakeServer.start(handler)
  environment['AIRLOCK_CLIENT_URL'] = fake.url
  return fake
}

async function realServer(): Promise<string> {
  daemon = await (await runDaemon({ config: embeddedConfig() })).ready()
  environment['AIRLOCK_CLIENT_URL'] = `${daemon.serviceUrl}/`
  return daemon.serviceUrl
}

/** Runs `airlock client run OPTIONS -- COMMAND` to its end. */
function run(command: readonly string[], options: readonly string[] = []) {
  return runAirlock(['client', 'run', ...options, '--', ...command], { environment })
}

/** Starts `airlock client run OPTIONS -- sh -c SCRIPT`. */
function start(script: string, options: readonly string[] = []): Promise<StartedAirlock> {
  return startAirlock(['client', 'run', ...options, '--', 'sh', '-c', script], environment)
}

/** Whether another machine would get the only slot; it gives it back at once. */
async function isFree(): Promise<boolean> {
  const call = (command: string) =>
    runAirlock(['client', command, '--id', 'another'], { environment })
  const { exitCode } = await call('pre-reboot')
  if (exitCode === 0) await call('steady-state')
  else expect(exitCode).to.equal(75)
  return exitCode === 0
}

/** A script that says so when it runs, and ends when the test makes a file. */
const UNTIL_GO = 'echo started; while [ ! -e "$GO" ]; do sleep 0.02; done'

describe('airlock client run', () => {
  it('holds a slot while the command runs, and not after', async () => {
    await realServer()
    const ask = `${process.execPath} ${AIRLOCK_PROGRAM} client pre-reboot --id other`
    expect(await run(['sh', '-c', `${ask}; exit $?`])).to.deep.equal({
      exitCode: 75,
      stdout: '',
      stderr: `airlock: refused for now: ${FULL}\n`,
    })
    expect(await isFree()).to.equal(true)
  })

  it("holds under an id of its own, never Zincati's, and not under AIRLOCK_CLIENT_ID", async () => {
    const server = await fakeServer((response) => answer(response, 200))
    environment['AIRLOCK_CLIENT_ID'] = 'a-name-for-reboots'
    expect((await run(['true'])).exitCode).to.equal(0)
    environment['AIRLOCK_CLIENT_RUN_ID'] = `${runId}-2`
    expect((await run(['true'])).exitCode).to.equal(0)
    expect((await run(['true'], ['--id', `${runId}-3`])).exitCode).to.equal(0)
    const ids = server.requests.map(({ path, body }) => {
      const { client_params: params } = JSON.parse(body) as { client_params: { id: string } }
      return `${path} ${params.id}`
    })
    expect(ids).to.deep.equal(
      [runId, `${runId}-2`, `${runId}-3`].flatMap((id) => [
        `/v1/pre-reboot ${id}`,
        `/v1/steady-state ${id}`,
      ]),
    )
  })

  it("warns of --id with Zincati's own id", async () => {
    await realServer()
    const { exitCode, stderr } = await run(['true'], ['--id', zincatiId])
    expect([exitCode, stderr]).to.deep.equal([
      0,
      `airlock: warning: ${zincatiId} is the id of this machine's Zincati, whose slot will be given back too\n`,
    ])
  })

  it('gives the command its own stdin, stdout, stderr and arguments', async () => {
    await realServer()
    const running = await start('cat; echo "$0" "$@" -v --wait >&2', [])
    running.stdin.end('hello')
    expect(await running.ended).to.deep.equal({
      exitCode: 0,
      stdout: 'hello',
      stderr: 'sh -v --wait\n',
    })
    expect((await run(['echo', '-c', '--url', '--', '-v'])).stdout).to.equal('-c --url -- -v\n')
  })

  it('leaves the pipes it shares with the command in blocking mode', async () => {
    await realServer()
    const flags = 'for fd in 1 2; do grep flags /proc/self/fdinfo/$fd; done'
    // Octal 04000 is O_NONBLOCK.
    const { stdout } = await run(['sh', '-c', `${flags}; sleep 0.3; ${flags}`])
    const values = stdout.match(/[0-7]+$/gm) ?? []
    expect(values.map((value) => parseInt(value, 8) & 0o4000)).to.deep.equal([0, 0, 0, 0])
  })

  for (const [script, exitCode] of [
    ['exit 0', 0],
    ['exit 3', 3],
    ['exit 75', 75],
    ['exit 255', 255],
    ['kill -TERM $$', 143],
    ['kill -KILL $$', 137],
    ['kill -SEGV $$', 139],
  ] as const) {
    it(`exits ${exitCode} after a command that ended by '${script}', with the slot given back`, async () => {
      const server = await fakeServer((response) => answer(response, 200))
      const result = await run(['sh', '-c', script])
      expect(result).to.deep.equal({ exitCode, stdout: '', stderr: '' })
      expect(server.operations).to.deep.equal(['pre-reboot', 'steady-state'])
    })
  }

  it('exits 127, 126 like a shell where the command cannot be started, the slot given back', async () => {
    const server = await fakeServer((response) => answer(response, 200))
    const plain = await folder.write('plain', 'text')
    expect([await run(['no-such-command']), await run([plain])]).to.deep.equal([
      { exitCode: 127, stdout: '', stderr: 'airlock: no-such-command: command not found\n' },
      { exitCode: 126, stdout: '', stderr: `airlock: ${plain}: permission denied\n` },
    ])
    expect(server.operations).to.deep.equal([
      ...['pre-reboot', 'steady-state', 'pre-reboot', 'steady-state'],
    ])
  })

  for (const [status, exitCode] of [
    [423, 75],
    [401, 1],
  ] as const) {
    it(`exits ${exitCode} after ${status}, without the command and without a release`, async () => {
      const server = await fakeServer((response) => answer(response, status))
      const file = folder.file('ran')
      expect((await run(['touch', file])).exitCode).to.equal(exitCode)
      expect([existsSync(file), server.operations]).to.deep.equal([false, ['pre-reboot']])
    })
  }

  it('gives back what it may have been granted without an answer, and says if it cannot', async () => {
    const server = await fakeServer((response, _request, index) => {
      if (index % 2 === 0) response.destroy()
      else answer(response, index === 1 ? 200 : 503)
    })
    const file = folder.file('ran')
    const results = [await run(['touch', file]), await run(['touch', file])]
    expect(results.map(({ exitCode }) => exitCode)).to.deep.equal([1, 1])
    expect([existsSync(file), server.operations]).to.deep.equal([
      false,
      ['pre-reboot', 'steady-state', 'pre-reboot', 'steady-state'],
    ])
    const hint = `the slot may be held all the same; to be sure, release it with: airlock client steady-state --url ${server.url} --group default --id ${runId}\n`
    expect(results.map(({ stderr }) => stderr.includes(hint))).to.deep.equal([false, true])
  })

  it('waits for its slot', async () => {
    await realServer()
    await runAirlock(['client', 'pre-reboot', '--id', 'another'], { environment })
    const running = await start('echo ran', ['--wait', '--retry-interval', '50ms'])
    await running.printed(FULL)
    await runAirlock(['client', 'steady-state', '--id', 'another'], { environment })
    const { exitCode, stdout, stderr } = await running.ended
    expect([exitCode, stdout]).to.deep.equal([0, 'ran\n'])
    expect(stderr).to.contain('airlock: granted after')
    expect(await isFree()).to.equal(true)
  })
})

describe('airlock client run and signals', () => {
  for (const [signal, number] of [
    ['SIGTERM', 15],
    ['SIGINT', 2],
    ['SIGHUP', 1],
    ['SIGQUIT', 3],
    ['SIGUSR1', 10],
    ['SIGUSR2', 12],
  ] as const) {
    it(`passes ${signal} on to the command, and its exit code back`, async () => {
      const server = await fakeServer((response) => answer(response, 200))
      const name = signal.slice(3)
      const script = `trap 'echo got ${name}; exit 7' ${name}; echo started; while :; do sleep 0.02; done`
      const running = await start(script)
      await running.printed('started')
      running.signal(signal)
      expect(await running.ended).to.deep.equal({
        exitCode: 7,
        stdout: `started\ngot ${name}\n`,
        stderr: '',
      })
      const plain = await start(`trap - ${name}; echo started; exec sleep 10`)
      await plain.printed('started')
      plain.signal(signal)
      expect((await plain.ended).exitCode).to.equal(128 + number)
      expect(server.operations).to.deep.equal([
        ...['pre-reboot', 'steady-state', 'pre-reboot', 'steady-state'],
      ])
    })
  }

  it('goes on with a command that takes no notice', async () => {
    const server = await fakeServer((response) => answer(response, 200))
    environment['GO'] = folder.file('go')
    const running = await start(`trap '' TERM; ${UNTIL_GO}`)
    await running.printed('started')
    running.signal('SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(server.operations).to.deep.equal(['pre-reboot'])
    await folder.write('go', '')
    expect((await running.ended).exitCode).to.equal(0)
    expect(server.operations).to.deep.equal(['pre-reboot', 'steady-state'])
  })

  it('ends a pause between two requests, with nothing to give back', async () => {
    const server = await fakeServer((response) => answer(response, 423))
    const running = await start('echo ran', ['--wait'])
    await running.printed('asking again, every 5m')
    running.signal('SIGTERM')
    const { exitCode, stdout } = await running.ended
    expect([exitCode, stdout, server.operations]).to.deep.equal([143, '', ['pre-reboot']])
  })

  it('ends a request under way, and gives back what that may have brought', async () => {
    const server = await fakeServer((response, { path }) => {
      if (path === '/v1/steady-state') answer(response, 200)
    })
    const running = await start('echo ran', ['--wait'])
    await eventually(() => expect(server.operations).to.deep.equal(['pre-reboot']))
    running.signal('SIGINT')
    const { exitCode, stdout } = await running.ended
    expect([exitCode, stdout]).to.deep.equal([130, ''])
    expect(server.operations).to.deep.equal(['pre-reboot', 'steady-state'])
  })

  it('ends the tries to release, and says how to do that by hand', async () => {
    const server = await fakeServer((response, { path }) => {
      answer(response, path === '/v1/steady-state' ? 503 : 200)
    })
    environment['AIRLOCK_CLIENT_GROUP'] = 'a.b'
    const running = await start('exit 0', ['--id', `${runId} it's`])
    await running.printed('trying again')
    running.signal('SIGTERM')
    const { exitCode, stderr } = await running.ended
    expect(exitCode).to.equal(1)
    expect(stderr.trimEnd().split('\n').at(-1)).to.equal(
      `airlock: the slot is still held; release it with: airlock client steady-state --url ${server.url} --group a.b --id '${runId} it'\\''s'`,
    )
    expect(server.operations.length).to.be.within(2, 3)
  })
})

describe('airlock client run and a release that fails', () => {
  it('tries until the server is back', async () => {
    const target = new URL(await realServer())
    const proxy = await TcpProxy.start(Number(target.port))
    try {
      environment['GO'] = folder.file('go')
      const url = `http://127.0.0.1:${proxy.port}/`
      const running = await start(UNTIL_GO, ['--url', url, '--retry-interval', '100ms'])
      await running.printed('started')
      await proxy.refuse()
      await folder.write('go', '')
      await running.printed('trying again (2 of 10)')
      await proxy.pass()
      const { exitCode, stderr } = await running.ended
      expect(exitCode).to.equal(0)
      expect(stderr).to.match(/^airlock: the slot could not be released: unreachable: /)
      expect(stderr).to.match(/airlock: the slot is released\n$/)
      expect(await isFree()).to.equal(true)
    } finally {
      await proxy.close()
    }
  })

  for (const [commandsCode, exitCode] of [
    [0, 1],
    [3, 3],
  ] as const) {
    it(`gives up after 10 tries, and exits ${exitCode} after a command that exited ${commandsCode}`, async () => {
      const server = await fakeServer((response, { path }) => {
        answer(response, path === '/v1/steady-state' ? 503 : 200, 'store_unavailable', 'no etcd')
      })
      const url = server.url.replace('http://', 'http://user:secret@')
      const options = ['--url', url, '--retry-interval', '10ms']
      const { stderr, ...result } = await run(['sh', '-c', `exit ${commandsCode}`], options)
      expect(result).to.deep.equal({ exitCode, stdout: '' })
      const lines = stderr.trimEnd().split('\n')
      const failed = 'airlock: the slot could not be released: store_unavailable: no etcd'
      expect([lines.length, lines[0], lines[9], lines[10]]).to.deep.equal([
        11,
        `${failed}; trying again (2 of 10)`,
        failed,
        `airlock: the slot is still held; release it with: airlock client steady-state --url ${url.replace('secret', 'PASSWORD')} --group default --id ${runId}`,
      ])
      expect(server.operations.length).to.equal(11)
    })
  }

  it('goes on where nobody reads what it says any more', async () => {
    const server = await fakeServer((response, { path }, index) => {
      answer(response, path === '/v1/steady-state' && index < 4 ? 503 : 200)
    })
    environment['GO'] = folder.file('go')
    const running = await start(UNTIL_GO, ['--retry-interval', '100ms'])
    await running.printed('started')
    running.closeStderr()
    await folder.write('go', '')
    expect((await running.ended).exitCode).to.equal(0)
    expect(server.operations.length).to.equal(5)
  })
})

describe('airlock client run, several times on one machine', () => {
  it('is refused while another run uses the slot, and does not release that', async () => {
    const server = await fakeServer((response) => answer(response, 200))
    environment['GO'] = folder.file('go')
    const first = await start(UNTIL_GO)
    await first.printed('started')
    // Another URL may be another server on the same semaphores.
    const url = server.url.replace('127.0.0.1', 'localhost')
    expect(await run(['echo', 'ran'], ['--url', url])).to.deep.equal({
      exitCode: 75,
      stdout: '',
      stderr:
        'airlock: refused for now: busy_here: another `airlock client run` on this machine uses this slot\n',
    })
    expect(server.operations).to.deep.equal(['pre-reboot'])
    expect((await run(['echo', 'ran'], ['--group', 'other'])).stdout).to.equal('ran\n')
    expect((await run(['echo', 'ran'], ['--id', `${runId}-2`])).stdout).to.equal('ran\n')
    await folder.write('go', '')
    expect((await first.ended).exitCode).to.equal(0)
  })

  it('runs one after the other with --wait', async () => {
    const server = await fakeServer((response) => answer(response, 200))
    environment['GO'] = folder.file('go')
    const first = await start(UNTIL_GO)
    await first.printed('started')
    const second = await start('echo second', ['--wait', '1m'])
    await second.printed('busy_here: ')
    expect(server.operations).to.deep.equal(['pre-reboot'])
    await folder.write('go', '')
    expect((await first.ended).exitCode).to.equal(0)
    const { exitCode, stdout } = await second.ended
    expect([exitCode, stdout]).to.deep.equal([0, 'second\n'])
    expect(server.operations).to.deep.equal([
      ...['pre-reboot', 'steady-state', 'pre-reboot', 'steady-state'],
    ])
  })

  it('takes over, and gives back, the slot of a run that was killed', async () => {
    await realServer()
    environment['GO'] = folder.file('go')
    const killed = await start(UNTIL_GO)
    await killed.printed('started')
    killed.signal('SIGKILL')
    // Its command is an orphan now, and has the outputs open.
    await folder.write('go', '')
    expect((await killed.ended).exitCode).to.equal(null)
    expect(await isFree()).to.equal(false)
    expect((await run(['true'])).exitCode).to.equal(0)
    expect(await isFree()).to.equal(true)
  })

  it('is refused by the server where another machine uses the slot', async () => {
    const url = `${await realServer()}/`
    environment['GO'] = folder.file('go')
    const first = await start(UNTIL_GO)
    await first.printed('started')
    const other = ['--id', `${randomBytes(4).toString('hex')}.run`, '--url', url]
    expect((await run(['true'], other)).exitCode).to.equal(75)
    await folder.write('go', '')
    expect((await first.ended).exitCode).to.equal(0)
    expect((await run(['true'], other)).exitCode).to.equal(0)
  })

  it('does not ask a server for a slot that it cannot use', async () => {
    const url = `http://127.0.0.1:${await findFreePort()}/`
    const { exitCode, stderr } = await run(['true'], ['--url', url])
    expect([exitCode, stderr]).to.deep.equal([
      1,
      `airlock: failed: unreachable: ${url}v1/pre-reboot: connection refused\n`,
    ])
  })
})
