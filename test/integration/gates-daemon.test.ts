import { expect } from 'chai'
import { systemClock } from '../../lib/daemon/system-clock.js'
import { startDaemonInProcess } from '../support/daemon-in-process.js'
import { embeddedConfig } from '../support/embedded-config.js'
import { eventually } from '../support/eventually.js'
import { FakeServer } from '../support/fake-server.js'
import { preReboot, sendRequest, steadyState } from '../support/fleetlock-request.js'
import { findFreePort } from '../support/free-port.js'
import { PrometheusServer } from '../support/prometheus-server.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'
import { startWebhookReceiver } from '../support/webhook-receiver.js'

const A = { id: 'machine-a', group: 'default' }
const B = { id: 'machine-b', group: 'default' }

/** Longer than evaluating and asking takes, also on a machine that is busy. */
const SOON = { timeoutMs: 15_000 }

async function answer(request: ReturnType<typeof preReboot>): Promise<unknown> {
  const { status, kind, value } = await request
  return kind === undefined ? status : [status, kind, value]
}

describe('a daemon with gates, beside a real Prometheus', function () {
  this.timeout(60_000)
  let prometheus: PrometheusServer
  let health: FakeServer
  let healthStatus = 200
  let daemon: Daemon
  before(async () => {
    prometheus = await PrometheusServer.start()
    health = await FakeServer.start((response) => response.writeHead(healthStatus).end())
    const more = `
      [lock]
      default_slots = 2
      [gates.prometheus]
      url = "${prometheus.url}"
      [[gates.http]]
      url = "${health.url}"
      name = "health"`
    daemon = await (await runDaemon({ config: embeddedConfig({ more }) })).ready()
  })
  after(async () => {
    await daemon.stop()
    await health.close()
    await prometheus.stop()
  })

  const lock = (machine = A) => answer(preReboot(daemon.serviceUrl, machine))
  const unlock = (machine = A) => answer(steadyState(daemon.serviceUrl, machine))
  const gateMetric = async (gate: string): Promise<string> => {
    const { body } = await sendRequest(`${daemon.statusUrl}/metrics`)
    const line = body
      .split('\n')
      .find((each) => each.startsWith('airlock_gate_closed{') && each.includes(`gate="${gate}"`))
    return line?.split(' ').at(-1) ?? 'none'
  }

  it('grants nothing while alerts fire, says which, and turns no holder away', async () => {
    expect(await lock(A)).to.equal(200)
    await prometheus.setRules([{ alert: 'NodeDown' }])
    const refusal = [423, 'failed_lock_alerts_firing', 'alerts are firing: NodeDown']
    await eventually(async () => {
      const refused = await lock(B)
      if (refused === 200) await unlock(B)
      expect(refused).to.deep.equal(refusal)
    }, SOON)
    expect(await gateMetric('prometheus')).to.equal('1')
    await daemon.logged(/a gate is closed.*prometheus/)
    expect(await lock(A)).to.equal(200)
    expect(await unlock(A)).to.equal(200)
    expect(await lock(A)).to.deep.equal(refusal)
    await prometheus.setRules([])
    await eventually(async () => expect(await lock(B)).to.equal(200), SOON)
    expect(await gateMetric('prometheus')).to.equal('0')
    expect(await unlock(B)).to.equal(200)
  })

  it('grants nothing while a check fails', async () => {
    healthStatus = 503
    expect(await lock()).to.deep.equal([
      423,
      'failed_lock_check_failing',
      'the check health says no: it answers 503 instead of 200',
    ])
    healthStatus = 200
    expect(await lock()).to.equal(200)
    expect(await unlock()).to.equal(200)
  })

  it('grants nothing while Prometheus cannot be asked', async () => {
    await prometheus.stop()
    const [status, kind, value] = (await lock()) as [number, string, string]
    expect([status, kind]).to.deep.equal([503, 'failed_lock_gate_error'])
    expect(value).to.match(/^the gate prometheus cannot be asked: connect ECONNREFUSED/)
    expect(await gateMetric('prometheus')).to.equal('1')
    await daemon.logged(/a gate cannot be asked; it counts as closed/)
  })
})

describe('a daemon with a gate that cannot be asked', () => {
  it('refuses, and tells its webhook once', async () => {
    const receiver = await startWebhookReceiver()
    const port = await findFreePort()
    const more = `
      [[gates.http]]
      url = "http://127.0.0.1:${port}/health"
      name = "health"
      [[notify.webhook]]
      url = "${receiver.url}"
      events = ["gate-failing"]`
    const daemon = await (await runDaemon({ config: embeddedConfig({ more }) })).ready()
    try {
      const reason = `connect ECONNREFUSED 127.0.0.1:${port}`
      const refusal = [503, 'failed_lock_gate_error', `the gate health cannot be asked: ${reason}`]
      for (const machine of [A, B, A]) {
        expect(await answer(preReboot(daemon.serviceUrl, machine))).to.deep.equal(refusal)
      }
      await eventually(() => expect(receiver.received).to.have.length(1))
      await daemon.stop()
      expect(receiver.received.map(({ body }) => [body['event'], body['group']])).to.deep.equal([
        ['gate-failing', 'default'],
      ])
      expect(receiver.received[0]?.body['reason']).to.include(reason)
    } finally {
      await daemon.kill()
      await receiver.close()
    }
  })
})

describe('a daemon with windows', () => {
  let folder: TempFolder
  beforeEach(async () => {
    folder = await createTempFolder()
  })
  afterEach(() => folder.remove())

  /** Serves as if it were `time`, and calls back with the address. */
  async function serveAt(
    time: string,
    more: string,
    use: (url: string) => Promise<void>,
  ): Promise<void> {
    const toml = embeddedConfig({ path: folder.file('airlock.db'), more })
    const offset = Date.parse(time) - Date.now()
    const clock = { ...systemClock, now: () => Date.now() + offset }
    const { daemon, serviceUrl } = await startDaemonInProcess(toml, clock)
    try {
      await use(serviceUrl)
    } finally {
      await daemon.stop('the test is over')
    }
  }

  const NIGHTS = `
    time_zone = "Europe/Berlin"
    [[lock.window]]
    days = ["Sat", "Sun"]
    start_time = "23:30"
    length_minutes = 60
    [[lock.blackout]]
    from = 2026-12-20
    to = 2027-01-03
    reason = "Christmas"`

  it('grants in a window only, and says when the next one opens', async () => {
    await serveAt('2026-11-20T12:00Z', `[lock]${NIGHTS}`, async (url) => {
      expect(await answer(preReboot(url, A))).to.deep.equal([
        423,
        'failed_lock_outside_reboot_window',
        'outside of the reboot windows; the next one opens at 2026-11-21T23:30:00+01:00',
      ])
      expect(await answer(steadyState(url, A))).to.equal(200)
    })
    await serveAt('2026-11-21T22:40Z', `[lock]${NIGHTS}`, async (url) => {
      expect(await answer(preReboot(url, A))).to.equal(200)
    })
    await serveAt('2026-12-20T22:40Z', `[lock]${NIGHTS}`, async (url) => {
      // It holds its slot since the month before.
      expect(await answer(preReboot(url, A))).to.equal(200)
      expect(await answer(steadyState(url, A))).to.equal(200)
      expect(await answer(preReboot(url, A))).to.deep.equal([
        423,
        'failed_lock_blackout',
        'no reboots until 2027-01-04T00:00:00+01:00: Christmas',
      ])
    })
  })

  it('grants to a machine that waits as soon as its window opens', async () => {
    const more = `[lock]\nwait_timeout_ms = 60000${NIGHTS}`
    await serveAt('2026-11-21T22:29:58Z', more, async (url) => {
      const started = performance.now()
      expect(await answer(preReboot(url, A))).to.equal(200)
      expect(performance.now() - started).to.be.within(1000, 12_000)
    })
  })
})
