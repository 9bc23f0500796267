import { strict as assert } from 'node:assert'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startEtcd, type EtcdServer, type EtcdTls } from '../support/etcd-server.js'
import { eventually } from '../support/eventually.js'
import { runAirlock } from '../support/run-airlock.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'
import { startPrometheus, type PrometheusServer } from './prometheus-server.js'
import { SimulatedZincati } from './simulated-zincati.js'

/** The top of the repository, from the compiled file. */
const TOP = join(import.meta.dirname, '../../..')

/** Zincati's 5 minutes and a reboot of a minute and a half, three hundred times as fast. */
const PACE = { retryMs: 1000, rebootMs: 300 }

const MACHINES = { patroni: 3, workers: 7 } as const

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** A CA and the certificates, made as contrib/tls says. */
async function makeCertificates(folder: TempFolder): Promise<EtcdTls> {
  const run = promisify(execFile)
  const script = join(TOP, 'contrib/tls/certificates.sh')
  const tls = folder.file('tls')
  await run('sh', [script, tls, 'ca'])
  await run('sh', [script, tls, 'etcd', 'etcd1', 'localhost', '127.0.0.1'])
  await run('sh', [script, tls, 'client'])
  const pair = (name: string) => ({
    certPath: join(tls, `${name}.pem`),
    keyPath: join(tls, `${name}-key.pem`),
  })
  return { caPath: join(tls, 'ca.pem'), server: pair('etcd1'), client: pair('client') }
}

/** The daemons' arguments, taken from the unit that starts them on a host. */
async function unitArguments(): Promise<readonly string[]> {
  const unit = await readFile(join(TOP, 'contrib/systemd/airlock-native.service'), 'utf8')
  const [, line = ''] = /^ExecStart=\S+airlock (.*)$/m.exec(unit) ?? []
  const [command, ...flags] = line.split(' ')
  assert.equal(command, 'serve')
  return flags
}

async function startDaemons(etcd: EtcdServer, folder: TempFolder): Promise<readonly Daemon[]> {
  const { caPath = '', client } = etcd.tls ?? {}
  const config = await folder.write(
    'config.toml',
    `
[status]
enabled = true
address = "127.0.0.1"
port = 0
tls = false

[service]
address = "127.0.0.1"
port = 0
tls = false

[etcd3]
endpoints = ${JSON.stringify(etcd.namedEndpoints)}
ca_cert_path = "${caPath}"
client_cert_pub_path = "${client?.certPath ?? ''}"
client_cert_key_path = "${client?.keyPath ?? ''}"

[lock]
default_group_name = "default"
default_slots = 2

[[lock.groups]]
name = "patroni"
slots = 1

[[lock.groups]]
name = "workers"
slots = 2
`,
  )
  const args = await unitArguments()
  const start = () => runDaemon({ configPath: config, args })
  const daemons = await Promise.all([start(), start()])
  return Promise.all(daemons.map((daemon) => daemon.ready()))
}

async function walk(folder: TempFolder, cleanUp: (() => Promise<unknown>)[]): Promise<void> {
  say('1. A CA, and the certificates of etcd and of its client (contrib/tls)')
  const tls = await makeCertificates(folder)

  say('2. Three etcd servers over mutual TLS')
  const etcd = await startEtcd({ size: 3, tls })
  cleanUp.push(() => etcd.stop())
  say(`   ${etcd.namedEndpoints.join(', ')}`)

  say("3. Two daemons, by the native unit's command line")
  const daemons = await startDaemons(etcd, folder)
  cleanUp.push(() => Promise.all(daemons.map((daemon) => daemon.kill())))
  for (const daemon of daemons) say(`   ${daemon.serviceUrl}, status ${daemon.statusUrl}`)

  say('4. Prometheus scrapes both status services')
  const targets = daemons.map(({ statusUrl }) => statusUrl.replace('http://', ''))
  const prometheus = await startPrometheus(targets)
  cleanUp.push(() => prometheus.stop())
  assert.deepEqual(
    (await prometheus.query('up')).map(({ value }) => value),
    [1, 1],
  )

  await rollOut(etcd, daemons, prometheus, cleanUp)
}

async function rollOut(
  etcd: EtcdServer,
  daemons: readonly Daemon[],
  prometheus: PrometheusServer,
  cleanUp: (() => Promise<unknown>)[],
): Promise<void> {
  say('5. Ten machines with an update: three of group patroni (1 slot), seven workers (2 slots)')
  const machines = Object.entries(MACHINES).flatMap(([group, count]) =>
    Array.from({ length: count }, (_, index) => {
      const url = daemons[index % daemons.length]?.serviceUrl ?? ''
      return new SimulatedZincati(`${group}-${index + 1}`, group, url, PACE)
    }),
  )
  const stopping = new AbortController()
  cleanUp.push(() => {
    stopping.abort()
    return Promise.resolve()
  })
  const [victim] = machines
  if (victim === undefined) throw new Error('there are no machines')
  const runs = machines.map((machine) => machine.run(stopping.signal, machine === victim))
  for (const run of runs) run.catch(() => undefined)

  const airlock = (...args: string[]) => {
    const { caPath = '', client } = etcd.tls ?? {}
    return runAirlock(args, {
      environment: {
        AIRLOCK_ENDPOINT: etcd.namedEndpoints.join(','),
        AIRLOCK_CAFILE: caPath,
        AIRLOCK_CERTFILE: client?.certPath ?? '',
        AIRLOCK_KEYFILE: client?.keyPath ?? '',
      },
    })
  }
  const updated = () => machines.filter(({ state }) => state === 'updated').length

  await eventually(() => assert.equal(victim.state, 'dead'), { timeoutMs: 60_000 })
  const workers = machines.filter(({ group }) => group === 'workers')
  await eventually(() => assert.ok(workers.every(({ state }) => state === 'updated')), {
    timeoutMs: 60_000,
  })
  say(`6. ${victim.id} has died with its slot; ${updated()} machines are updated, all the workers`)
  const others = machines.filter(({ group, state }) => group === 'patroni' && state !== 'dead')

  const status = await airlock('status', 'patroni')
  say(status.stdout.replace(/^/gm, '   ').trimEnd())
  if (others.some(({ state }) => state !== 'updated')) {
    assert.match(status.stdout, new RegExp(`^${victim.id} +patroni`, 'm'))
    const held = await prometheus.query('airlock_database_semaphore_lock_holders{group="patroni"}')
    assert.ok(held.some(({ value }) => value === 1))
  }

  say(`7. The operator frees it: airlock unlock ${victim.id} -g patroni`)
  const freed = await airlock('unlock', victim.id, '-g', 'patroni')
  assert.deepEqual(freed, { exitCode: 0, stdout: '', stderr: '' })
  await Promise.all(runs)
  say(`8. The rollout is finished: ${updated()} machines are updated, 1 is dead`)
  assert.equal(updated(), machines.length - 1)

  // The replica that did not serve the last release reads the store once in 15 seconds.
  await eventually(
    async () => {
      const holders = await prometheus.query('max(airlock_database_semaphore_lock_holders)')
      assert.deepEqual(
        holders.map(({ value }) => value),
        [0],
      )
    },
    { timeoutMs: 30_000 },
  )
  const events = await airlock('events')
  const grants = events.stdout.match(/ granted /g)?.length ?? 0
  const releases = events.stdout.match(/ released /g)?.length ?? 0
  say(`9. The events: ${grants} granted, ${releases} released; nobody holds a slot any more`)
  assert.deepEqual([grants, releases], [machines.length, machines.length])
  const kinds = new Set(machines.flatMap(({ refusals }) => [...refusals.keys()]))
  say(`   refusals were only: ${[...kinds].join(', ')}`)
  assert.deepEqual([...kinds], ['failed_lock_semaphore_full'])
}

const folder = await createTempFolder()
const cleanUp: (() => Promise<unknown>)[] = []
try {
  await walk(folder, cleanUp)
  say('All of it was seen as it should be.')
} catch (error) {
  process.stdout.write(`FAILED: ${error instanceof Error ? (error.stack ?? '') : String(error)}\n`)
  process.exitCode = 1
} finally {
  for (const each of cleanUp.reverse()) await each()
  await folder.remove()
}
