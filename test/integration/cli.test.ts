import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'smol-toml'
import { embeddedConfig } from '../support/embedded-config.js'
import { preReboot, sendRequest, steadyState } from '../support/fleetlock-request.js'
import { findFreePort } from '../support/free-port.js'
import {
  AIRLOCK_PROGRAM,
  airlockEnvironment,
  runAirlock,
  type AirlockResult,
} from '../support/run-airlock.js'
import { Daemon, runDaemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

const ROOT = join(import.meta.dirname, '../../..')
const DEFAULT_CONFIG = '/etc/airlock/config.toml'
const LEVELS = 'error, warn, info, debug, trace'

let folder: TempFolder

beforeEach(async () => {
  folder = await createTempFolder()
})
afterEach(async () => {
  await folder.remove()
})

async function packageVersion(): Promise<string> {
  const text = await readFile(join(ROOT, 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

describe('airlock', () => {
  it('prints the version of package.json with --version', async () => {
    const wanted = { exitCode: 0, stdout: `${await packageVersion()}\n`, stderr: '' }
    expect(await runAirlock(['--version'])).to.deep.equal(wanted)
  })

  for (const args of [['--help'], ['-h'], ['help']]) {
    it(`prints what there is with ${args.join(' ')}`, async () => {
      const { exitCode, stdout, stderr } = await runAirlock(args)
      expect([exitCode, stderr]).to.deep.equal([0, ''])
      for (const part of [
        'Usage: airlock',
        'serve',
        'check-config',
        '-c, --config <file>',
        '-v, --verbose',
        '--log-level <level>',
        DEFAULT_CONFIG,
        'AIRLOCK_CONFIG',
        LEVELS,
      ]) {
        expect(stdout.replace(/\s+/g, ' ')).to.contain(part)
      }
    })
  }

  for (const command of ['serve', 'check-config']) {
    it(`prints the options of ${command} with its --help`, async () => {
      const { exitCode, stdout, stderr } = await runAirlock([command, '--help'])
      expect([exitCode, stderr]).to.deep.equal([0, ''])
      expect(stdout).to.contain(`Usage: airlock ${command}`)
      expect(stdout).to.contain('-c, --config <file>')
      expect(stdout).to.contain('-v, --verbose')
    })
  }

  it('prints its usage and exits 2 without a command', async () => {
    const { exitCode, stdout, stderr } = await runAirlock([])
    expect([exitCode, stdout]).to.deep.equal([2, ''])
    expect(stderr).to.contain('Usage: airlock')
  })

  for (const [args, message] of [
    [['reboot'], "error: unknown command 'reboot'"],
    [['lock'], "error: missing required argument 'id'"],
    [['sevre'], "error: unknown command 'sevre'\n(Did you mean serve?)"],
    [['serve', '--no-such'], "error: unknown option '--no-such'"],
    [['--no-such', 'serve'], "error: unknown option '--no-such'"],
    [['serve', 'extra'], 'error: too many arguments for'],
    [['check-config', 'a.toml'], 'error: too many arguments for'],
    [['serve', '-c'], "error: option '-c, --config <file>' argument missing"],
    [
      ['serve', '--log-level', 'loud'],
      `error: option '--log-level <level>' argument 'loud' is invalid. Allowed are ${LEVELS}.`,
    ],
    [
      ['check-config', '--log-level', 'WARN'],
      `error: option '--log-level <level>' argument 'WARN' is invalid. Allowed are ${LEVELS}.`,
    ],
  ] as const) {
    it(`exits 2 and says why: ${args.join(' ')}`, async () => {
      const { exitCode, stdout, stderr } = await runAirlock(args)
      expect([exitCode, stdout]).to.deep.equal([2, ''])
      expect(stderr.startsWith(message), stderr).to.equal(true)
      expect(stderr).to.contain('--help')
    })
  }

  for (const command of ['serve', 'check-config']) {
    it(`${command} reads ${DEFAULT_CONFIG} unless told, and says that it is missing`, async () => {
      expect(await runAirlock([command])).to.deep.equal({
        exitCode: 2,
        stdout: '',
        stderr: `airlock: there is no configuration ${DEFAULT_CONFIG}; name another with -c FILE or AIRLOCK_CONFIG\n`,
      })
    })

    it(`${command} prints every problem of a config at once, and exits 2`, async () => {
      const file = await folder.write('config.toml', WRONG_CONFIG)
      const stderr = problems(file, ...PROBLEMS)
      expect(await runAirlock([command, '-c', file])).to.deep.equal({
        exitCode: 2,
        stdout: '',
        stderr,
      })
    })

    it(`${command} prints where a config is no TOML, and exits 2`, async () => {
      const file = await folder.write('config.toml', '[service]\nport = \n')
      const { exitCode, stdout, stderr } = await runAirlock([command, '-c', file])
      expect([exitCode, stdout]).to.deep.equal([2, ''])
      expect(stderr).to.match(/^airlock: \S+ has 1 problem:\n {2}line 2, column \d+: [^\n]+\n$/)
    })

    it(`${command} refuses a config that is a folder or a binary file`, async () => {
      const binary = await folder.write('binary', Buffer.from([0xff, 0xfe, 0x00]))
      const results = [
        await runAirlock([command, '-c', folder.path]),
        await runAirlock([command, '-c', binary]),
      ]
      const wanted = [
        problems(folder.path, `${folder.path}: cannot be read: it is a folder`),
        problems(binary, `${binary}: is not UTF-8 text`),
      ].map((stderr) => ({ exitCode: 2, stdout: '', stderr }))
      expect(results).to.deep.equal(wanted)
    })
  }
})

const WRONG_CONFIG = `
[service]
adress = "127.0.0.1"
port = "3333"
tls = "true"

[store]
kind = "embedded"

[lock]
default_slots = -1

[[lock.groups]]
name = "patroni"
slots = "two"

[[lock.groups]]
name = "patroni"
`

const PROBLEMS = [
  'service.adress: unknown key; did you mean "address"?',
  'service.port: expected an integer from 0 to 65535, got "3333"',
  'service.tls: expected true or false, got "true"',
  'lock.default_slots: expected an integer of at least 0, got -1',
  'lock.groups[0].slots: expected an integer of at least 0, got "two"',
  'store.path: is missing: store.kind = "embedded" needs a path',
  `lock.groups[1].name: "patroni" is a group's name already (lock.groups[0].name)`,
]

/** What is printed about a config that cannot be used. */
function problems(file: string, ...lines: readonly string[]): string {
  const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`
  return [`airlock: ${file} has ${count}:`, ...lines.map((line) => `  ${line}`), ''].join('\n')
}

describe('airlock check-config', () => {
  /** Checks a file, then what that printed; resolves to both outputs as TOML. */
  async function checkTwice(file: string): Promise<readonly unknown[]> {
    const first = await runAirlock(['check-config', '-c', file])
    expect(first.exitCode, first.stderr).to.equal(0)
    const again = await folder.write('again.toml', first.stdout)
    const second = await runAirlock(['check-config', '-c', again])
    expect(second.exitCode, second.stderr).to.equal(0)
    return [parse(first.stdout), parse(second.stdout)]
  }

  it('accepts every file of config/, and what it prints of it', async () => {
    const names = (await readdir(join(ROOT, 'config'))).filter((name) => name.endsWith('.toml'))
    expect(names).to.include.members(['development.toml', 'example.toml', 'tutorial.toml'])
    for (const name of names) {
      const [first, second] = await checkTwice(join(ROOT, 'config', name))
      expect(second, name).to.deep.equal(first)
    }
  })

  it('prints the settings in force, defaults and environment included', async () => {
    const file = await folder.write(
      'config.toml',
      '[store]\nkind = "embedded"\npath = "x.db"\n[[lock.groups]]\nname = "patroni"\n',
    )
    const environment = {
      AIRLOCK__SERVICE__PORT: '4444',
      AIRLOCK__LOCK__DEFAULT_SLOTS: '3',
      AIRLOCK_SERVICE_PORT: 'tcp://10.0.0.1:3333',
    }
    const result = await runAirlock(['check-config', '-c', file], { environment })
    expect([result.exitCode, result.stderr, parse(result.stdout)]).to.deep.equal([
      0,
      '',
      {
        service: {
          address: '127.0.0.1',
          port: 4444,
          tls: false,
          trusted_proxies: [],
          max_requests_per_minute: 0,
        },
        status: { enabled: true, address: '127.0.0.1', port: 2222, tls: false },
        store: { kind: 'embedded', path: 'x.db' },
        etcd3: { transaction_timeout_ms: 3000 },
        lock: {
          default_group_name: 'default',
          default_slots: 3,
          slots_source: 'config',
          wait_timeout_ms: 0,
          waiters_max: 10_000,
          cooldown_seconds: 0,
          stale_after_minutes: 60,
          groups: [
            {
              name: 'patroni',
              slots: 3,
              wait_timeout_ms: 0,
              cooldown_seconds: 0,
              stale_after_minutes: 60,
            },
          ],
        },
        notify: { refused_for_longer_than_minutes: 60, webhook: [] },
        log: { format: 'logfmt', level: 'warn' },
      },
    ])
  })

  it('reads the file that AIRLOCK_CONFIG names, but for one given with -c', async () => {
    const config = (port: number): string =>
      `[service]\nport = ${port}\n[store]\nkind = "embedded"\npath = "x.db"\n`
    const named = await folder.write('named.toml', config(1111))
    const given = await folder.write('given.toml', config(2223))
    const environment = { AIRLOCK_CONFIG: named }
    const results = [
      await runAirlock(['check-config'], { environment }),
      await runAirlock(['check-config', '--config', given], { environment }),
      await runAirlock(['-c', given, 'check-config'], { environment }),
    ]
    const ports = results.map(({ stdout }) => (parse(stdout)['service'] as { port: number }).port)
    expect(ports).to.deep.equal([1111, 2223, 2223])
  })

  it('names the variable that has a wrong value, or that nothing is set by', async () => {
    const file = await folder.write('config.toml', embeddedConfig())
    const environment = {
      AIRLOCK__SERVICE__PORT: 'http',
      AIRLOCK__SERVICE__PROT: '1',
      AIRLOCK__LOCK__GROUPS: 'a',
    }
    expect(await runAirlock(['check-config', '-c', file], { environment })).to.deep.equal({
      exitCode: 2,
      stdout: '',
      stderr: problems(
        file,
        'AIRLOCK__LOCK__GROUPS: cannot be set from the environment; write [[lock.groups]] in the file',
        'AIRLOCK__SERVICE__PROT: unknown variable; did you mean "AIRLOCK__SERVICE__PORT"?',
        'AIRLOCK__SERVICE__PORT: expected an integer from 0 to 65535, got "http"',
      ),
    })
  })

  it('warns of what serve would refuse on this machine, and exits 0', async () => {
    const { exitCode, stdout, stderr } = await runAirlock([
      'check-config',
      '-c',
      join(ROOT, 'config/tutorial.toml'),
    ])
    expect([exitCode, 'etcd3' in parse(stdout)]).to.deep.equal([0, true])
    expect(stderr).to.match(
      /^airlock: warning: etcd3\.client_cert_pub_path: .*; serve refuses to start like this$/m,
    )
  })
})

describe('airlock serve', () => {
  const daemons: Daemon[] = []

  afterEach(async () => {
    const exits = await Promise.all(daemons.splice(0).map((daemon) => daemon.stop()))
    for (const exit of exits) expect(exit).to.deep.equal({ code: 0, signal: null })
  })

  /** Runs the program with exactly these arguments, until the end of the test. */
  async function start(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Daemon> {
    const home = await createTempFolder()
    const child = spawn(process.execPath, [AIRLOCK_PROGRAM, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: airlockEnvironment(home.path, environment),
      cwd: home.path,
    })
    const daemon = new Daemon(child, home)
    daemons.push(daemon)
    return daemon.ready()
  }

  /** Lets it answer, and resolves to the levels of all lines that it logs until its end. */
  async function levelsOf(daemon: Daemon): Promise<readonly string[]> {
    const params = { id: 'node', group: 'default' }
    await preReboot(daemon.serviceUrl, params)
    await preReboot(daemon.serviceUrl, { ...params, id: 'other' })
    await steadyState(daemon.serviceUrl, params)
    daemons.splice(daemons.indexOf(daemon), 1)
    await daemon.stop()
    expect(daemon.stderr).to.deep.equal([])
    const levels = daemon.stdout.map((line) => /^time="[^"]+" level=(\w+) /.exec(line)?.[1] ?? line)
    return [...new Set(levels)].sort()
  }

  async function writeConfig(): Promise<string> {
    return folder.write('config.toml', embeddedConfig())
  }

  for (const [options, levels] of [
    [[], ['notice']],
    [['-v'], ['info', 'notice']],
    [['-vv'], ['debug', 'info', 'notice']],
    [
      ['-v', '-v'],
      ['debug', 'info', 'notice'],
    ],
    [['-vvv'], ['debug', 'info', 'notice']],
    [['-vvvvv'], ['debug', 'info', 'notice']],
    [['--log-level', 'warn'], ['notice']],
    [
      ['--log-level', 'info'],
      ['info', 'notice'],
    ],
    [
      ['--log-level', 'debug'],
      ['debug', 'info', 'notice'],
    ],
    [
      ['--log-level=info', '-vv'],
      ['info', 'notice'],
    ],
    [
      ['--verbose', '--verbose'],
      ['debug', 'info', 'notice'],
    ],
  ] as const) {
    it(`logs ${levels.join(', ')} with '${options.join(' ')}'`, async () => {
      const daemon = await start(['serve', '-c', await writeConfig(), ...options])
      expect(await levelsOf(daemon)).to.deep.equal(levels)
    })
  }

  it('takes its options before the command too, as a coreos/airlock unit has them', async () => {
    const config = await writeConfig()
    const calls = [
      ['serve', '-vv', '-c', config],
      ['-vv', 'serve', '-c', config],
      ['-vv', '-c', config, 'serve'],
      ['-v', 'serve', '-v', '--config', config],
    ]
    for (const args of calls) {
      const levels = await levelsOf(await start(args))
      expect(levels, args.join(' ')).to.deep.equal(['debug', 'info', 'notice'])
    }
  })

  it('logs nothing but errors with --log-level error', async () => {
    const port = await findFreePort()
    const config = embeddedConfig().replace('port = 0', `port = ${port}`)
    const daemon = await runDaemon({ config, args: ['--log-level', 'error'] })
    daemons.push(daemon)
    const params = { id: 'node', group: 'default' }
    for (;;) {
      const answer = await preReboot(`http://127.0.0.1:${port}`, params).catch(() => undefined)
      if (answer !== undefined) break
    }
    expect(daemon.logs).to.deep.equal([])
  })

  it('reads the config that AIRLOCK_CONFIG names', async () => {
    const daemon = await start(['serve'], { AIRLOCK_CONFIG: await writeConfig() })
    const { status } = await preReboot(daemon.serviceUrl, { id: 'a', group: 'default' })
    expect(status).to.equal(200)
  })

  it('listens where the environment says, not the file', async () => {
    const port = await findFreePort()
    const environment = { AIRLOCK__SERVICE__PORT: String(port) }
    const daemon = await start(['serve', '-c', await writeConfig()], environment)
    expect(daemon.serviceUrl).to.equal(`http://127.0.0.1:${port}`)
    const { status } = await preReboot(daemon.serviceUrl, { id: 'a', group: 'default' })
    expect(status).to.equal(200)
  })

  for (const address of ['localhost', 'LocalHost']) {
    it(`serves 127.0.0.1, and ::1 where it exists, at the address "${address}"`, async () => {
      const environment = {
        AIRLOCK__SERVICE__ADDRESS: address,
        AIRLOCK__STATUS__ADDRESS: address,
      }
      const daemon = await start(['serve', '-c', await writeConfig()], environment)
      const { port } = new URL(daemon.serviceUrl)
      const hosts = hasIpv6Loopback() ? ['127.0.0.1', '[::1]'] : ['127.0.0.1']
      const line = await daemon.logged(/airlock is ready/)
      expect(line).to.contain(`service="${hosts.map((host) => `${host}:${port}`).join(',')}"`)
      for (const host of hosts) {
        const params = { id: 'a', group: 'default' }
        expect((await preReboot(`http://${host}:${port}`, params)).status).to.equal(200)
        const status = new URL(daemon.statusUrl).port
        expect((await sendRequest(`http://${host}:${status}/livez`)).status).to.equal(200)
      }
    })
  }

  for (const address of ['::1', '[::1]']) {
    it(`serves the address "${address}", or says that it does not exist`, async () => {
      const config = await writeConfig()
      const environment = { AIRLOCK__SERVICE__ADDRESS: address }
      if (hasIpv6Loopback()) {
        const daemon = await start(['serve', '-c', config], environment)
        expect(daemon.serviceUrl).to.match(/^http:\/\/\[::1\]:\d+$/)
        expect((await sendRequest(daemon.serviceUrl)).status).to.equal(404)
      } else {
        const result = await runAirlock(['serve', '-c', config], { environment })
        expect(result.stderr).to.contain('no address of ::1 exists on this machine')
      }
    })
  }

  describe('exits', () => {
    function serve(environment: Readonly<Record<string, string>>): Promise<AirlockResult> {
      return writeConfig().then((file) => runAirlock(['serve', '-c', file], { environment }))
    }

    for (const section of ['service', 'status']) {
      it(`1 with one line when ${section}.port is in use`, async () => {
        const other = createServer().listen(0, '127.0.0.1')
        await once(other, 'listening')
        try {
          const { port } = other.address() as { port: number }
          const variable = `AIRLOCK__${section.toUpperCase()}__PORT`
          expect(await serve({ [variable]: String(port) })).to.deep.equal({
            exitCode: 1,
            stdout: '',
            stderr: `airlock: ${section}.address, ${section}.port: 127.0.0.1:${port} is in use by another process\n`,
          })
        } finally {
          other.close()
        }
      })
    }

    it('1 with one line when only one of the addresses of localhost is in use', async () => {
      const other = createServer().listen(0, '127.0.0.1')
      await once(other, 'listening')
      try {
        const { port } = other.address() as { port: number }
        const environment = {
          AIRLOCK__SERVICE__ADDRESS: 'localhost',
          AIRLOCK__SERVICE__PORT: String(port),
        }
        expect(await serve(environment)).to.deep.equal({
          exitCode: 1,
          stdout: '',
          stderr: `airlock: service.address, service.port: 127.0.0.1:${port} is in use by another process\n`,
        })
      } finally {
        other.close()
      }
    })

    it('1 with one line when the address is not one of this machine', async () => {
      // TEST-NET-3 of RFC 5737, which no machine has.
      expect(await serve({ AIRLOCK__STATUS__ADDRESS: '203.0.113.1' })).to.deep.equal({
        exitCode: 1,
        stdout: '',
        stderr:
          'airlock: status.address, status.port: no address of 203.0.113.1 exists on this machine\n',
      })
    })

    it('1 with one line when the address is a name that nobody knows', async () => {
      expect(await serve({ AIRLOCK__SERVICE__ADDRESS: 'no-such-host.invalid' })).to.deep.equal({
        exitCode: 1,
        stdout: '',
        stderr:
          'airlock: service.address, service.port: the address no-such-host.invalid cannot be resolved\n',
      })
    })

    it('2 when the embedded store is a folder, garbage, or below a file', async () => {
      const garbage = await folder.write('garbage', 'not a database, not even a short one')
      const wanted: readonly (readonly [string, string])[] = [
        [
          folder.path,
          `cannot use the embedded store ${folder.path}: the path is a folder, not a file`,
        ],
        [garbage, `cannot use the embedded store ${garbage}: the file is not a database`],
        [
          join(garbage, 'airlock.db'),
          `cannot create the folder of the embedded store ${join(garbage, 'airlock.db')}: a part of the path is not a folder`,
        ],
      ]
      for (const [path, message] of wanted) {
        const file = await writeConfig()
        const environment = { AIRLOCK__STORE__PATH: path }
        expect(await runAirlock(['serve', '-c', file], { environment })).to.deep.equal({
          exitCode: 2,
          stdout: '',
          stderr: problems(file, `store.path: ${message}`),
        })
      }
      expect(await readFile(garbage, 'utf8')).to.equal('not a database, not even a short one')
    })

    it('2 when the embedded store may not be read', async function () {
      const path = await folder.write('closed.db', '')
      await chmod(path, 0)
      // Nothing is closed to root, which writes a new database into the empty file.
      if (process.getuid?.() === 0) {
        const daemon = await start(['serve', '-c', await writeConfig()], {
          AIRLOCK__STORE__PATH: path,
        })
        expect(await daemon.logged(/airlock is ready/)).to.contain(path)
        return
      }
      const { exitCode, stderr } = await serve({ AIRLOCK__STORE__PATH: path })
      expect(exitCode).to.equal(2)
      expect(stderr).to.match(/store\.path: cannot use the embedded store .*: permission denied\n$/)
    })
  })
})

function hasIpv6Loopback(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === '::1'),
  )
}
