import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { once } from 'node:events'
import { expect } from 'chai'
import { embeddedConfig } from '../support/embedded-config.js'
import { eventually } from '../support/eventually.js'
import { preReboot, sendRequest, steadyState } from '../support/fleetlock-request.js'
import { findFreePort } from '../support/free-port.js'
import { holdWriteLock } from '../support/hold-write-lock.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

const PLAIN = 'text/plain; charset=utf-8'
const NOT_FOUND = 'not found; there are /, /status.json, /metrics, /livez and /readyz\n'
const ONLY_GET = 'only GET and HEAD are allowed here\n'

/** Every sample of a text of metrics, by its name and labels as they stand there. */
type Samples = Readonly<Record<string, number>>

function parseMetrics(text: string): Samples {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => {
      const end = line.lastIndexOf(' ')
      return [line.slice(0, end), Number(line.slice(end + 1))]
    }),
  )
}

/** The samples whose names begin so. */
function beginning(samples: Samples, ...names: readonly string[]): Samples {
  return Object.fromEntries(
    Object.entries(samples).filter(([name]) => names.some((begin) => name.startsWith(begin))),
  )
}

async function metricsOf(daemon: Daemon): Promise<Samples> {
  return parseMetrics((await sendRequest(`${daemon.statusUrl}/metrics`)).body)
}

describe('the status service', () => {
  let daemon: Daemon

  before(async () => {
    daemon = await runDaemon({ config: embeddedConfig() })
    await daemon.ready()
  })
  after(async () => {
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null })
  })

  async function ask(path: string, method = 'GET'): Promise<unknown> {
    const { status, headers, body } = await sendRequest(`${daemon.statusUrl}${path}`, { method })
    return { status, type: headers['content-type'], allow: headers.allow, body }
  }

  for (const path of ['/livez', '/readyz', '/livez?verbose', '/readyz?a=b']) {
    it(`answers ${path} with ok`, async () => {
      const wanted = { status: 200, type: PLAIN, allow: undefined, body: 'ok\n' }
      expect(await ask(path)).to.deep.equal(wanted)
    })
  }

  for (const path of ['/livez', '/readyz', '/metrics', '/status.json']) {
    it(`answers HEAD ${path} like GET, without a body`, async () => {
      const url = `${daemon.statusUrl}${path}`
      const [got, head] = [await sendRequest(url), await sendRequest(url, { method: 'HEAD' })]
      expect([head.status, head.headers['content-type'], head.body]).to.deep.equal([
        200,
        got.headers['content-type'],
        '',
      ])
    })
  }

  for (const path of [
    '/livez/',
    '//livez',
    '/Livez',
    '/metrics/',
    '/%',
    '/%E0%A4%A',
    '/v1/pre-reboot',
    '/../etc/passwd',
  ]) {
    it(`has nothing at ${path}`, async () => {
      const wanted = { status: 404, type: PLAIN, allow: undefined, body: NOT_FOUND }
      expect(await ask(path)).to.deep.equal(wanted)
    })
  }

  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    it(`allows only GET and HEAD, not ${method}`, async () => {
      const wanted = { status: 405, type: PLAIN, allow: 'GET, HEAD', body: ONLY_GET }
      expect([await ask('/metrics', method), await ask('/livez', method)]).to.deep.equal([
        wanted,
        wanted,
      ])
    })
  }

  for (const [path, type] of [
    ['/', 'text/html'],
    ['/page.css', 'text/css'],
    ['/page.js', 'text/javascript'],
  ] as const) {
    it(`has ${path}, not to be kept, sniffed or framed`, async () => {
      const url = `${daemon.statusUrl}${path}`
      const [got, head] = [await sendRequest(url), await sendRequest(url, { method: 'HEAD' })]
      for (const { status, headers } of [got, head]) {
        expect([status, headers['content-type']]).to.deep.equal([200, `${type}; charset=utf-8`])
        expect(headers['cache-control']).to.equal('no-store')
        expect(headers['x-content-type-options']).to.equal('nosniff')
        expect(headers['content-security-policy']).to.include("frame-ancestors 'none'")
      }
      expect([got.body.length > 1000, head.body]).to.deep.equal([true, ''])
    })
  }

  it('sends events to those who listen, and lets 64 do so', async () => {
    const url = `${daemon.statusUrl}/events`
    const head = await sendRequest(url, { method: 'HEAD' })
    expect([head.status, head.headers['content-type']]).to.deep.equal([200, 'text/event-stream'])
    const stop = new AbortController()
    const listen = (): Promise<Response> => fetch(url, { signal: stop.signal })
    const answers = await Promise.all(Array.from({ length: 64 }, listen))
    expect(answers.every(({ status }) => status === 200)).to.equal(true)
    const text = await answers[0]?.body?.pipeThrough(new TextDecoderStream()).getReader().read()
    expect(text?.value).to.match(/^retry: 2000\n\n/)
    expect((await listen()).status).to.equal(503)
    stop.abort()
    await eventually(async () => {
      const again = new AbortController()
      expect((await fetch(url, { signal: again.signal })).status).to.equal(200)
      again.abort()
    })
  })

  it('serves no locks', async () => {
    const response = await preReboot(daemon.statusUrl, { id: 'a', group: 'default' })
    expect([response.status, response.body]).to.deep.equal([405, ONLY_GET])
  })

  it('is not to be cached, and has no header beyond the necessary', async () => {
    const responses = await Promise.all(
      ['/livez', '/metrics', '/nowhere'].map((path) => sendRequest(`${daemon.statusUrl}${path}`)),
    )
    for (const { headers } of responses) {
      const framing = ['content-length', 'transfer-encoding']
      const others = Object.keys(headers).filter((name) => !framing.includes(name))
      expect(others.sort()).to.deep.equal(['cache-control', 'connection', 'content-type', 'date'])
      expect(headers['cache-control']).to.equal('no-store')
    }
  })
})

describe('the metrics', () => {
  const groups = { patroni: 2, closed: 0 }
  const machines = ['machine-one', 'machine-two', 'machine-three']
  let daemon: Daemon
  let text = ''
  let samples: Samples = {}

  before(async () => {
    daemon = await runDaemon({ config: embeddedConfig({ groups }) })
    await daemon.ready()
    for (const name of ['default', ...Object.keys(groups)]) {
      await daemon.logged(new RegExp(`slots applied .* group=${name} `))
    }
    const group = 'patroni'
    const url = daemon.serviceUrl
    for (const id of machines) await preReboot(url, { id, group })
    await preReboot(url, { id: 'machine-one', group })
    await steadyState(url, { id: 'machine-two', group })
    await steadyState(url, { id: 'machine-two', group })
    await preReboot(url, { id: 'machine-four', group: 'machine-group' })
    await preReboot(url, { id: 'machine-five', group: 'closed' })
    await steadyState(url, { id: 'machine\nsix', group })
    const wrongHeader = { headers: { 'fleet-lock-protocol': 'machine-header' } }
    await preReboot(url, { id: 'machine-seven', group }, wrongHeader)
    await sendRequest(`${url}/v1/pre-reboot`, { method: 'GET' })
    await sendRequest(`${url}/v1/machine-path`, { method: 'POST' })
    const response = await sendRequest(`${daemon.statusUrl}/metrics`)
    expect([response.status, response.headers['content-type']]).to.deep.equal([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ])
    text = response.body
    samples = parseMetrics(text)
  })
  after(async () => {
    await daemon.stop()
  })

  it('say what is configured', () => {
    expect(beginning(samples, 'airlock_config_')).to.deep.equal({
      airlock_config_groups: 3,
      'airlock_config_semaphore_slots{group="default"}': 1,
      'airlock_config_semaphore_slots{group="patroni"}': 2,
      'airlock_config_semaphore_slots{group="closed"}': 0,
    })
  })

  it('say what is stored', () => {
    expect(beginning(samples, 'airlock_database_')).to.deep.equal({
      'airlock_database_semaphore_slots{group="default"}': 1,
      'airlock_database_semaphore_slots{group="patroni"}': 2,
      'airlock_database_semaphore_slots{group="closed"}': 0,
      'airlock_database_semaphore_lock_holders{group="default"}': 0,
      'airlock_database_semaphore_lock_holders{group="patroni"}': 1,
      'airlock_database_semaphore_lock_holders{group="closed"}': 0,
    })
  })

  it('count the requests', () => {
    expect(beginning(samples, 'airlock_v1_')).to.deep.equal({
      airlock_v1_pre_reboot_incoming_requests_total: 7,
      airlock_v1_steady_state_incoming_requests_total: 3,
    })
  })

  it('count the answers by api and outcome', () => {
    expect(beginning(samples, 'airlock_requests_total')).to.deep.equal({
      'airlock_requests_total{api="pre_reboot",outcome="acquired"}': 2,
      'airlock_requests_total{api="pre_reboot",outcome="already_held"}': 1,
      'airlock_requests_total{api="pre_reboot",outcome="failed_lock_semaphore_full"}': 2,
      'airlock_requests_total{api="pre_reboot",outcome="unknown_group"}': 1,
      'airlock_requests_total{api="pre_reboot",outcome="invalid_client_identity"}': 1,
      'airlock_requests_total{api="steady_state",outcome="released"}': 1,
      'airlock_requests_total{api="steady_state",outcome="not_held"}': 1,
      'airlock_requests_total{api="steady_state",outcome="invalid_client_identity"}': 1,
    })
  })

  for (const [api, count] of [
    ['pre_reboot', 7],
    ['steady_state', 3],
  ] as const) {
    it(`measure how long an answer takes: ${api}`, () => {
      const name = 'airlock_request_duration_seconds'
      const buckets = Object.entries(samples)
        .filter(([key]) => key.startsWith(`${name}_bucket`) && key.includes(`api="${api}"`))
        .map(([, value]) => value)
      expect(buckets).to.deep.equal([...buckets].sort((a, b) => a - b))
      expect([
        samples[`${name}_count{api="${api}"}`],
        samples[`${name}_bucket{le="+Inf",api="${api}"}`],
      ]).to.deep.equal([count, count])
      expect(samples[`${name}_sum{api="${api}"}`]).to.be.within(1e-6, 10)
    })
  }

  it('measure the operations of the store', () => {
    const name = 'airlock_store_operation_duration_seconds'
    const counts = ['read', 'commit'].map((operation) => [
      samples[`${name}_count{operation="${operation}"}`],
      samples[`${name}_sum{operation="${operation}"}`],
    ])
    // Two grants and a release, and the slots of three groups.
    expect(counts[1]?.[0]).to.be.within(3, 6)
    expect(counts[0]?.[0]).to.be.at.least(4)
    for (const [, seconds] of counts) expect(seconds).to.be.within(1e-6, 10)
  })

  it('have no error and no conflict to tell of', () => {
    expect(
      beginning(samples, 'airlock_store_errors', 'airlock_store_conf', 'airlock_store_up'),
    ).to.deep.equal({ airlock_store_conflicts_total: 0, airlock_store_up: 1 })
    expect(text).to.contain('# TYPE airlock_store_errors_total counter')
  })

  it('say which airlock runs', async () => {
    const file = new URL('../../../package.json', import.meta.url)
    const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string }
    expect(beginning(samples, 'airlock_build_info')).to.deep.equal({
      [`airlock_build_info{version="${version}",node_version="${process.version}"}`]: 1,
    })
  })

  it('have the process collectors', () => {
    const names = [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'process_start_time_seconds',
      'process_open_fds',
      'process_max_fds',
    ]
    expect(names.filter((name) => !(Number(samples[name]) > 0))).to.deep.equal([])
  })

  it('have a help and a type each', () => {
    const named = (kind: string): (string | undefined)[] =>
      text
        .split('\n')
        .filter((line) => line.startsWith(`# ${kind} `))
        .map((line) => line.split(' ')[2])
        .sort()
    expect(named('HELP')).to.deep.equal(named('TYPE'))
    const families = new Set(named('TYPE'))
    const homeless = Object.keys(samples)
      .map((name) => name.replace(/\{.*/, ''))
      .filter((name) => !families.has(name))
      .filter((name) => !families.has(name.replace(/_(bucket|sum|count)$/, '')))
    expect(homeless).to.deep.equal([])
  })

  it('name nothing that a client has sent', () => {
    expect(text.split('\n').filter((line) => line.includes('machine'))).to.deep.equal([])
  })

  it('follow the next request', async () => {
    await steadyState(daemon.serviceUrl, { id: 'machine-one', group: 'patroni' })
    const after = await metricsOf(daemon)
    expect([
      after['airlock_database_semaphore_lock_holders{group="patroni"}'],
      after['airlock_requests_total{api="steady_state",outcome="released"}'],
    ]).to.deep.equal([0, 2])
  })
})

describe('the status service, when', () => {
  let folder: TempFolder
  const daemons: Daemon[] = []

  beforeEach(async () => {
    folder = await createTempFolder()
  })
  afterEach(async () => {
    await Promise.all(daemons.splice(0).map((daemon) => daemon.stop()))
    await folder.remove()
  })

  async function run(config: string): Promise<Daemon> {
    const daemon = await runDaemon({ config })
    daemons.push(daemon)
    return daemon.ready()
  }

  it('it is not enabled: listens on nothing', async () => {
    const port = await findFreePort()
    const config = embeddedConfig().replace(
      '[status]\nport = 0',
      `[status]\nenabled = false\nport = ${port}`,
    )
    const daemon = await run(config)
    expect(await daemon.logged(/airlock is ready/)).to.contain(' status=disabled ')
    const socket = connect(port, '127.0.0.1')
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).to.equal('ECONNREFUSED')
    const { status } = await preReboot(daemon.serviceUrl, { id: 'a', group: 'default' })
    expect(status).to.equal(200)
  })

  it('the store cannot be written: counts the failed operations, and why', async () => {
    const path = folder.file('airlock.db')
    const more = '[etcd3]\ntransaction_timeout_ms = 200'
    const daemon = await run(embeddedConfig({ path, more }))
    await daemon.logged(/slots applied/)
    const release = holdWriteLock(path)
    const params = { id: 'machine', group: 'default' }
    const refused = await preReboot(daemon.serviceUrl, params)
    expect([refused.status, refused.kind]).to.deep.equal([503, 'store_unavailable'])
    const during = await metricsOf(daemon)
    expect(beginning(during, 'airlock_store_errors', 'airlock_store_up')).to.deep.equal({
      'airlock_store_errors_total{operation="commit",kind="unavailable"}': 1,
      airlock_store_up: 0,
    })
    expect(during['airlock_requests_total{api="pre_reboot",outcome="store_unavailable"}']).to.equal(
      1,
    )
    release()
    expect((await preReboot(daemon.serviceUrl, params)).status).to.equal(200)
    expect(beginning(await metricsOf(daemon), 'airlock_store_up')).to.deep.equal({
      airlock_store_up: 1,
    })
  })

  it('two daemons share a store: counts the conflicts', async () => {
    const path = folder.file('airlock.db')
    const more = '[lock]\ndefault_slots = 3'
    const group = 'default'
    const one = await run(embeddedConfig({ path, more }))
    await one.logged(/slots applied/)
    const other = await run(embeddedConfig({ path, more }))
    for (const [daemon, id] of [
      [one, 'a'],
      [other, 'b'],
      [one, 'c'],
    ] as const) {
      expect((await preReboot(daemon.serviceUrl, { id, group })).status).to.equal(200)
    }
    const conflicts = await metricsOf(one)
    expect(conflicts['airlock_store_conflicts_total']).to.equal(1)
    await eventually(async () => {
      const holders = (await metricsOf(one))[
        'airlock_database_semaphore_lock_holders{group="default"}'
      ]
      expect(holders).to.equal(3)
    })
  })

  it('it is asked for its readiness by many at once: answers them all', async () => {
    const daemon = await run(embeddedConfig())
    const url = `${daemon.statusUrl}/readyz`
    const answers = await Promise.all(Array.from({ length: 50 }, () => sendRequest(url)))
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]))
  })
})
