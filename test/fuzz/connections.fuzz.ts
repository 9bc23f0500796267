import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { embeddedConfig } from '../support/embedded-config.js'
import { eventually } from '../support/eventually.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { Crowd } from './crowd.js'
import { FUZZ_CASES, report } from './fuzz-settings.js'
import { HonestMachines } from './honest-machines.js'
import { figuresBelow, processFigures, type ProcessFigures } from './process-figures.js'

const HONEST = { group: 'fleet', slots: 2, machines: 5 }

/** What the project promises. */
const IDLE_CONNECTIONS = 10_000

/** Files that this process, or the daemon, needs beside the idle connections. */
const OTHER_FILES = 1_000

const SILENT_CONNECTIONS = 500
const SLOW_CONNECTIONS = 100
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000

/** How late a bound may be enforced, on a machine that is busy with much else. */
const LATE_MS = 15_000

/** More than this is growth, in MiB: what the garbage collector leaves lying is less. */
const MAX_GROWTH_MIB = 64

const BODY = '{"client_params":{"id":"crowd","group":"fleet"}}'
const HEAD = `POST /v1/steady-state HTTP/1.1\r\nfleet-lock-protocol: true\r\nContent-Length: ${BODY.length}\r\n\r\n`

/**
 * What twenty clients may cost in MiB that ask as fast as they can and read no answer, most of it garbage
 * of some 400,000 requests. Without a bound they would send, and it would keep, gigabytes.
 */
const MAX_DEAF_MIB = 900

describe('the main service, at connections that only cost', function () {
  this.timeout(300_000)
  let daemon: Daemon
  let port: number
  let honest: HonestMachines
  let atFirst: ProcessFigures
  let crowds: Crowd[] = []

  before(async () => {
    const config = embeddedConfig({ groups: { [HONEST.group]: HONEST.slots } })
    daemon = await runDaemon({
      config,
      args: ['--log-level', 'warn'],
      // As the image has it: what is garbage already is no growth.
      environment: { NODE_OPTIONS: '--max-semi-space-size=8 --max-old-space-size=1024' },
    })
    await daemon.ready()
    port = Number(new URL(daemon.serviceUrl).port)
    honest = new HonestMachines(daemon.serviceUrl, HONEST.group, HONEST.slots, HONEST.machines)
    await sleep(500)
    atFirst = await processFigures(daemon.statusUrl)
  })
  afterEach(() => {
    for (const crowd of crowds) crowd.close()
    crowds = []
  })
  after(async () => {
    await daemon.kill()
  })

  function gather(): Crowd {
    const crowd = new Crowd()
    crowds.push(crowd)
    return crowd
  }

  /** The figures once the daemon has let go of all connections but the honest ones. */
  function withoutCrowd(residentMiB = Infinity): Promise<ProcessFigures> {
    const openFiles = atFirst.openFiles + HONEST.machines + 5
    return figuresBelow(daemon.statusUrl, { openFiles, residentMiB })
  }

  async function untilAllAreCut(crowd: Crowd, timeoutMs: number): Promise<void> {
    await eventually(() => expect(crowd.openCount).to.equal(0), { timeoutMs, intervalMs: 100 })
  }

  it('cuts off those that say nothing, and slow headers and slow bodies', async () => {
    await Promise.all([silentClients(), slowClients()])
  })

  async function slowClients(): Promise<void> {
    const [headers, bodies] = [gather(), gather()]
    await headers.open(port, SLOW_CONNECTIONS, (socket) => {
      void headers.trickle(socket, HEAD.repeat(3), 500)
    })
    await bodies.open(port, SLOW_CONNECTIONS, (socket) => {
      socket.write(HEAD)
      void bodies.trickle(socket, BODY, 1500)
    })
    await untilAllAreCut(headers, HEADERS_TIMEOUT_MS + LATE_MS)
    await untilAllAreCut(bodies, REQUEST_TIMEOUT_MS + LATE_MS)
    const lines = [...headers.members, ...bodies.members].map(({ firstLine }) => firstLine)
    expect(new Set(lines)).to.deep.equal(new Set(['HTTP/1.1 408 request_timeout']))
    report('slow connections', {
      headers: SLOW_CONNECTIONS,
      bodies: SLOW_CONNECTIONS,
      'headers cut after ms': Math.round(longest(headers)),
      'bodies cut after ms': Math.round(longest(bodies)),
    })
  }

  async function silentClients(): Promise<void> {
    const crowd = gather()
    await crowd.open(port, SILENT_CONNECTIONS)
    await untilAllAreCut(crowd, HEADERS_TIMEOUT_MS + LATE_MS)
    const lines = new Set(crowd.members.map(({ firstLine }) => firstLine))
    expect(lines).to.deep.equal(new Set(['HTTP/1.1 408 request_timeout']))
    report('silent connections', {
      count: SILENT_CONNECTIONS,
      'cut after ms': Math.round(longest(crowd)),
    })
  }

  it('keeps ten thousand idle connections, and does not grow by more of them', async () => {
    const limit = openFilesLimit()
    const count = Math.min(IDLE_CONNECTIONS, FUZZ_CASES, limit - OTHER_FILES)
    const waves: ProcessFigures[] = []
    let openFiles = 0
    for (let wave = 0; wave < 3; wave++) {
      const crowd = gather()
      await crowd.open(port, count, (socket) => socket.write('GET / HTTP/1.1\r\n\r\n'))
      const areAnswered = (): void => {
        const answered = crowd.members.filter(({ firstLine }) => firstLine !== '').length
        expect(answered).to.equal(count)
      }
      await eventually(areAnswered, { timeoutMs: LATE_MS, intervalMs: 100 })
      openFiles = (await processFigures(daemon.statusUrl)).openFiles
      expect(openFiles).to.be.greaterThan(count)
      crowd.close()
      const [first] = waves
      waves.push(await withoutCrowd(first && first.residentMiB + MAX_GROWTH_MIB))
    }
    const residentMiB = waves.map((figures) => figures.residentMiB)
    report('idle connections', {
      count: count === IDLE_CONNECTIONS ? count : `${count} (scaled down from ${IDLE_CONNECTIONS})`,
      'open files limit': limit,
      'open files of the daemon': openFiles,
      'RSS MiB': `${atFirst.residentMiB} at first, ${residentMiB.join(', ')} after each wave`,
    })
  })

  it('answers what half-closed clients have sent, or closes', async () => {
    const crowd = gather()
    const texts = ['', 'P', HEAD.slice(0, 40), HEAD, HEAD + BODY.slice(0, -1), HEAD + BODY]
    for (const text of texts) await crowd.open(port, 50, (socket) => socket.end(text))
    await untilAllAreCut(crowd, LATE_MS)
    const lines = crowd.members.map(({ firstLine }) => firstLine.split(' ')[1] ?? '')
    const answers = Object.fromEntries(
      ['', '200', '400'].map((status) => [
        status || 'none',
        lines.filter((it) => it === status).length,
      ]),
    )
    report('half-closed connections', answers)
    expect(Object.values(answers).reduce((a, b) => a + b)).to.equal(50 * texts.length)
    await withoutCrowd()
  })

  it('stops reading from clients that ask on and on and read no answer', async () => {
    const crowd = gather()
    const requests = Buffer.from((HEAD + BODY).repeat(500))
    const written: number[] = []
    await crowd.open(port, 20, (socket) => {
      socket.removeAllListeners('data')
      socket.pause()
      const index = written.push(0) - 1
      const write = (): void => {
        for (let n = 0; n < 100 && socket.writable; n++) {
          written[index] = (written[index] ?? 0) + requests.length
          if (!socket.write(requests)) break
        }
      }
      socket.on('drain', write)
      write()
    })
    await sleep(3_000)
    const { residentMiB } = await processFigures(daemon.statusUrl)
    report('deaf connections', {
      'MiB sent': Math.round(written.reduce((a, b) => a + b) / 1024 / 1024),
      'RSS MiB': residentMiB,
    })
    expect(residentMiB).to.be.lessThan(atFirst.residentMiB + MAX_DEAF_MIB)
    crowd.close()
    await withoutCrowd()
  })

  it('has served honest machines meanwhile, and has let go of everything', async () => {
    const { failures, ...figures } = await honest.stop()
    report('honest machines', figures)
    expect(failures).to.deep.equal([])
    const { openFiles, internalErrors } = await withoutCrowd()
    expect(internalErrors).to.equal(0)
    expect(openFiles).to.be.lessThan(atFirst.openFiles + 10)
    expect((await daemon.stop()).code).to.equal(0)
    expect(daemon.stderr).to.deep.equal([])
  })
})

function longest({ members }: Crowd): number {
  return Math.max(...members.map(({ endedAfterMs = Infinity }) => endedAfterMs))
}

/** The limit of this process, which the daemon inherits. */
function openFilesLimit(): number {
  const { userLimits } = process.report.getReport() as unknown as {
    readonly userLimits: { readonly open_files: { readonly soft: number | 'unlimited' } }
  }
  const { soft } = userLimits.open_files
  return soft === 'unlimited' ? Infinity : soft
}
