import { readFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { parse } from 'yaml'
import { certificates } from '../support/certificates.js'
import { embeddedConfig } from '../support/embedded-config.js'
import { eventually } from '../support/eventually.js'
import {
  preReboot,
  sendRequest,
  steadyState,
  type ClientParams,
} from '../support/fleetlock-request.js'
import { findFreePort } from '../support/free-port.js'
import { holdWriteLock } from '../support/hold-write-lock.js'
import { htpasswdOf } from '../support/htpasswd.js'
import { PrometheusServer } from '../support/prometheus-server.js'
import { promtool } from '../support/promtool.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js'

const CONTRIB = join(import.meta.dirname, '../../../contrib')

/** Some scrapes of one second, on a machine that is busy. */
const SOON = { timeoutMs: 60_000, intervalMs: 1000 }

interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly targets?: readonly { readonly expr: string }[]
  }[]
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[]
  }[]
}

/** The queries of the dashboard, with its variables as Grafana would put them in. */
async function dashboardQueries(): Promise<readonly (readonly [string, string])[]> {
  const text = await readFile(join(CONTRIB, 'grafana/airlock.json'), 'utf8')
  const { panels } = JSON.parse(text) as Dashboard
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => {
      const query = expr
        .replaceAll('$job', 'airlock')
        .replaceAll('$group', '.*')
        .replaceAll('$__rate_interval', '1m')
      return [title, query] as const
    }),
  )
}

/** What the alerts are made of: an alert itself has no data while all is well. */
async function ruleSelectors(): Promise<readonly (readonly [string, string])[]> {
  const rules = parse(
    await readFile(join(CONTRIB, 'prometheus/airlock.rules.yml'), 'utf8'),
  ) as Rules
  return rules.groups.flatMap((group) =>
    group.rules.flatMap(({ alert, expr }) =>
      [...expr.matchAll(/airlock_\w+(?:\{[^}]*\})?/g)].map(([query]) => [alert, query] as const),
    ),
  )
}

describe('contrib/prometheus', () => {
  const rules = join(CONTRIB, 'prometheus/airlock.rules.yml')

  it('has a configuration and rules that Prometheus takes', async () => {
    const config = await promtool(['check', 'config', join(CONTRIB, 'prometheus/prometheus.yml')])
    expect(config).to.include({ exitCode: 0 })
    expect(config.output).to.include('7 rules found')
  })

  it('has alerts that fire when they should, and not before', async () => {
    const tests = join(CONTRIB, 'prometheus/airlock.rules.test.yml')
    expect(await promtool(['test', 'rules', tests])).to.include({ exitCode: 0 })
  })

  it('has a test for each alert, in which it fires', async () => {
    const { groups } = parse(await readFile(rules, 'utf8')) as Rules
    const text = await readFile(join(CONTRIB, 'prometheus/airlock.rules.test.yml'), 'utf8')
    const { tests } = parse(text) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[]
    }
    const firing = tests
      .flatMap((test) => test.alert_rule_test)
      .filter(({ exp_alerts: alerts = [] }) => alerts.length > 0)
      .map(({ alertname }) => alertname)
    const named = groups.flatMap((group) => group.rules.map(({ alert }) => alert))
    expect([...new Set(firing)].sort()).to.deep.equal(named.sort())
  })
})

describe('a Prometheus that scrapes airlock', function () {
  this.timeout(90_000)
  const daemons: Daemon[] = []
  const traffic = new AbortController()
  let busy: Promise<void> | undefined
  let folder: TempFolder
  let webhook: WebhookReceiver
  let prometheus: PrometheusServer

  async function start(service: string, more: string): Promise<Daemon> {
    const path = folder.file('airlock.db')
    const config = embeddedConfig({ path, groups: { web: 1, gated: 1 }, more })
    const daemon = await runDaemon({
      config: config.replace('[service]\n', `[service]\n${service}\n`),
      args: [],
    })
    daemons.push(daemon)
    return daemon.ready()
  }

  /** One with a gate that cannot be asked and a webhook. */
  async function startPlain(): Promise<Daemon> {
    const nobody = await findFreePort()
    const more = `
[etcd3]
transaction_timeout_ms = 500
[lock]
wait_timeout_ms = 1000
[[gates.http]]
name = "gone"
url = "http://127.0.0.1:${nobody}/"
groups = ["gated"]
[[notify.webhook]]
url = "${webhook.url}"
events = ["granted"]`
    return start('', more)
  }

  /** Another with a certificate and passwords. */
  async function startGuarded(): Promise<Daemon> {
    const { server } = await certificates()
    const passwords = await folder.write('htpasswd', htpasswdOf({ web: 'w' }))
    const service = `tls = true
tls_cert_path = "${server.certPath}"
tls_key_path = "${server.keyPath}"
htpasswd_path = "${passwords}"`
    return start(service, '')
  }

  async function makeTraffic(url: string): Promise<void> {
    const [one, other] = ['one', 'other'].map((id) => ({ id, group: 'web' })) as [
      ClientParams,
      ClientParams,
    ]
    while (!traffic.signal.aborted) {
      await preReboot(url, one)
      const waiting = preReboot(url, other)
      await preReboot(url, { id: 'one', group: 'gated' })
      await steadyState(url, one)
      await waiting
      await steadyState(url, other)
      await sleep(100)
    }
  }

  before(async () => {
    folder = await createTempFolder()
    webhook = await startWebhookReceiver()
    const plain = await startPlain()
    const guarded = await startGuarded()
    const release = holdWriteLock(folder.file('airlock.db'))
    const params = { id: 'a', group: 'web' }
    expect((await preReboot(plain.serviceUrl, params)).status).to.equal(503)
    // The commit itself gives up a moment after its request.
    await eventually(async () => {
      const { body } = await sendRequest(`${plain.statusUrl}/metrics`)
      expect(body).to.include('airlock_store_errors_total{')
    })
    release()
    await steadyState(plain.serviceUrl, params)
    const agent = new Agent({ rejectUnauthorized: false })
    const secure = guarded.serviceUrl.replace('http:', 'https:')
    expect((await preReboot(secure, params, { agent })).status).to.equal(401)
    agent.destroy()
    busy = makeTraffic(plain.serviceUrl)
    const targets = daemons.map(({ statusUrl }) => new URL(statusUrl).host)
    prometheus = await PrometheusServer.start({ targets })
  })
  after(async () => {
    traffic.abort()
    await busy
    await prometheus.stop()
    await Promise.all(daemons.map((daemon) => daemon.stop()))
    await webhook.close()
    await folder.remove()
  })

  it('finds nothing wrong with the names and the texts of the metrics', async () => {
    for (const { statusUrl } of daemons) {
      const { body } = await sendRequest(`${statusUrl}/metrics`)
      expect(await promtool(['check', 'metrics'], body)).to.deep.equal({ exitCode: 0, output: '' })
    }
  })

  /** Queries that have no data, with what they belong to. */
  async function without(queries: readonly (readonly [string, string])[]): Promise<string> {
    const empty = []
    for (const [title, query] of queries) {
      const samples = await prometheus.query(query)
      if (!samples.some(({ value }) => Number.isFinite(value))) empty.push(`${title}: ${query}`)
    }
    return empty.join('\n')
  }

  it('has data for every query of the dashboard', async () => {
    const queries = await dashboardQueries()
    expect(queries.length).to.be.above(30)
    await eventually(async () => expect(await without(queries)).to.equal(''), SOON)
  })

  it('has data for all that the alerts are made of', async () => {
    const queries = await ruleSelectors()
    expect(queries.length).to.be.above(7)
    await eventually(async () => expect(await without(queries)).to.equal(''), SOON)
  })
})
