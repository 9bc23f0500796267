import { expect } from 'chai'
import { systemClock } from '../../lib/daemon/system-clock.js'
import { createGates, type GatesSettings } from '../../lib/gates/create-gates.js'
import type { Verdict } from '../../lib/gates/gate.js'
import { certificates } from '../support/certificates.js'
import { eventually } from '../support/eventually.js'
import { PrometheusServer } from '../support/prometheus-server.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

type Settings = NonNullable<GatesSettings['prometheus']>

const DEFAULTS = {
  query: 'ALERTS{alertstate="firing"}',
  timeoutMs: 5000,
  onError: 'deny' as const,
}

/** Longer than evaluating and asking takes, also on a machine that is busy. */
const SOON = { timeoutMs: 15_000 }

/** What the gate says, as one line. */
async function ask(settings: Partial<Settings> & { url: string }): Promise<string> {
  const said: Verdict[] = []
  const gates = createGates(
    { groups: [{ name: 'a' }], blackouts: [], http: [], prometheus: { ...DEFAULTS, ...settings } },
    {
      clock: systemClock,
      signal: new AbortController().signal,
      onVerdict: (report) => said.push(report.verdict),
    },
  )
  await gates.get('a')?.ask()
  const [verdict] = said
  if (verdict === undefined) throw new Error('the gate was not asked')
  if (verdict.verdict === 'open') return `open ${verdict.trouble ?? ''}`.trim()
  const { refusal } = verdict
  if (refusal.kind === 'alerts_firing') return refusal.alerts.join(', ')
  return refusal.kind === 'gate_error' ? `error: ${refusal.reason}` : refusal.kind
}

describe('the Prometheus gate, on a real Prometheus', function () {
  this.timeout(60_000)
  let prometheus: PrometheusServer
  before(async () => {
    prometheus = await PrometheusServer.start()
  })
  after(() => prometheus.stop())

  const become = (expected: string, settings: Partial<Settings> = {}): Promise<void> =>
    eventually(async () => {
      expect(await ask({ url: prometheus.url, ...settings })).to.equal(expected)
    }, SOON)

  it('closes while alerts fire, names them, and opens when they are over', async () => {
    await become('open')
    await prometheus.setRules([{ alert: 'NodeDown' }, { alert: 'DiskFull' }])
    await become('DiskFull, NodeDown')
    await prometheus.setRules([{ alert: 'NodeDown', expr: 'vector(1) > 2' }])
    await become('open')
  })

  it('counts pending alerts only where the query does', async () => {
    await prometheus.setRules([{ alert: 'Slow', pendingFor: '1h' }])
    await become('Slow', { query: 'ALERTS' })
    await become('open')
  })

  it('does not count alerts that are to be ignored', async () => {
    await prometheus.setRules([{ alert: 'Watchdog' }, { alert: 'NodeDown' }])
    await become('NodeDown, Watchdog')
    await become('NodeDown', { ignore: '^Watchdog$' })
    await become('open', { ignore: '^(Watchdog|Node.*)$' })
  })

  it('names ten alerts and counts the rest', async () => {
    const alerts = Array.from({ length: 13 }, (_, n) => `Alert${String(n).padStart(2, '0')}`)
    await prometheus.setRules(alerts.map((alert) => ({ alert })))
    await become([...alerts.slice(0, 10), 'and 3 more'].join(', '))
  })

  it('takes any expression of an alerting rule', async () => {
    await become('the query', { query: 'vector(0) == 0' })
    await become('open', { query: 'vector(0) == 1' })
  })

  it('cannot use what is no vector, or no PromQL', async () => {
    await become('error: answered a scalar where a vector is needed', { query: '1' })
    const verdict = await ask({ url: prometheus.url, query: 'ALERTS{' })
    expect(verdict).to.match(/^error: answered 400: .*parse error/)
    expect(await ask({ url: `${prometheus.url}/elsewhere` })).to.equal(
      'error: answered 404 without JSON',
    )
  })

  it('asks below the path of the URL', async () => {
    await prometheus.setRules([])
    await become('open', { url: `${prometheus.url}/` })
  })
})

describe('the Prometheus gate, when nobody answers', function () {
  this.timeout(60_000)
  let prometheus: PrometheusServer
  before(async () => {
    prometheus = await PrometheusServer.start()
  })
  after(() => prometheus.stop())

  it('gives up after its timeout', async () => {
    prometheus.pause()
    const started = performance.now()
    const verdict = await ask({ url: prometheus.url, timeoutMs: 300 })
    expect(verdict).to.equal('error: no answer within 300 ms')
    expect(performance.now() - started).to.be.within(290, 3000)
    const allowed = await ask({ url: prometheus.url, timeoutMs: 300, onError: 'allow' })
    expect(allowed).to.equal('open no answer within 300 ms')
    prometheus.resume()
  })

  it('says that there is no connection', async () => {
    await prometheus.stop()
    expect(await ask({ url: prometheus.url })).to.match(/^error: connect ECONNREFUSED 127/)
    const allowed = await ask({ url: prometheus.url, onError: 'allow' })
    expect(allowed).to.match(/^open connect ECONNREFUSED/)
  })
})

describe('the Prometheus gate, over TLS with a password', function () {
  this.timeout(60_000)
  let prometheus: PrometheusServer
  let folder: TempFolder
  let settings: Partial<Settings> & { url: string }
  before(async () => {
    const { server, caPath } = await certificates()
    prometheus = await PrometheusServer.start({
      tls: server,
      user: { name: 'airlock', password: 'geheim' },
    })
    folder = await createTempFolder()
    const passwordPath = await folder.write('password', 'geheim\n')
    settings = { url: prometheus.url, username: 'airlock', passwordPath, caCertPath: caPath }
  })
  after(async () => {
    await prometheus.stop()
    await folder.remove()
  })

  it('shows who asks', async () => {
    expect(await ask(settings)).to.equal('open')
  })

  it('says that its password is wrong, and takes another one at once', async () => {
    const passwordPath = await folder.write('other', 'wrong')
    expect(await ask({ ...settings, passwordPath })).to.equal('error: answered 401 without JSON')
    await folder.write('other', 'geheim')
    expect(await ask({ ...settings, passwordPath })).to.equal('open')
  })

  it('says which file it cannot use', async () => {
    const passwordPath = folder.file('none')
    expect(await ask({ ...settings, passwordPath })).to.equal(
      `error: cannot read ${passwordPath}: no such file`,
    )
    const { garbagePath } = await certificates()
    expect(await ask({ ...settings, caCertPath: garbagePath })).to.equal(
      `error: ${garbagePath} is not a PEM bundle of certificates`,
    )
  })

  it('trusts no authority but the configured one', async () => {
    const { otherCaPath } = await certificates()
    expect(await ask({ ...settings, caCertPath: otherCaPath })).to.match(/^error: .*certificate/)
    expect(await ask({ url: settings.url })).to.match(/^error: .*certificate/)
  })
})

describe('the Prometheus gate, of a server with the certificate of another', function () {
  this.timeout(60_000)

  it('refuses it', async () => {
    const { otherHostServer, caPath } = await certificates()
    const prometheus = await PrometheusServer.start({ tls: otherHostServer })
    try {
      const verdict = await ask({ url: prometheus.url, caCertPath: caPath })
      expect(verdict).to.match(/^error: .*does not match certificate/)
    } finally {
      await prometheus.stop()
    }
  })
})
