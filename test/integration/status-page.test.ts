import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { holderKey } from '../../lib/lock/keys.js'
import { startBrowser } from '../support/browser.js'
import { etcdConfig } from '../support/etcd-config.js'
import { startEtcd, type EtcdServer } from '../support/etcd-server.js'
import { eventually } from '../support/eventually.js'
import { deleteRaw, listRaw, putRaw } from '../support/etcdctl.js'
import { preReboot, sendRequest, steadyState } from '../support/fleetlock-request.js'
import { findFreePort } from '../support/free-port.js'
import { htpasswdOf } from '../support/htpasswd.js'
import { runAirlock } from '../support/run-airlock.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'
import { uniqueGroup } from '../support/unique-group.js'
import { PHONE, Visit } from '../support/visit.js'

const MACHINE = '2204af7f41984cb19b8cde4edc06c142'
const OTHER = '978a225b3d7b40e9acd7ce9b62f68444'
const LIVE_WITHIN_MS = 2000
/** Two beats and a half, as docs/status-page.md says, and a little for the browser. */
const SILENT_WITHIN_MS = 14_000

describe('the status page of a daemon on etcd', function () {
  this.timeout(60_000)
  let browser: Browser
  let etcd: EtcdServer
  let folder: TempFolder
  let daemon: Daemon
  let group: string
  before(async () => {
    ;[browser, etcd] = await Promise.all([startBrowser(), startEtcd()])
  })
  after(() => Promise.all([browser.close(), etcd.stop()]))
  beforeEach(async () => {
    for (const { key } of await listRaw(etcd, 'com.coreos.airlock/')) await deleteRaw(etcd, key)
    folder = await createTempFolder()
    group = uniqueGroup()
  })
  afterEach(async () => {
    await daemon.kill()
    await folder.remove()
  })

  async function start(status = 'port = 0', lock?: string): Promise<string> {
    const config = etcdConfig(etcd, {
      groups: [{ name: group, slots: 1 }],
      timeoutMs: 500,
      ...(lock !== undefined && { lock }),
    }).replace(
      '[status]\naddress = "127.0.0.1"\nport = 0',
      `[status]\naddress = "127.0.0.1"\n${status}`,
    )
    const configPath = await folder.write('config.toml', config)
    daemon = await runDaemon({ configPath })
    await daemon.ready()
    return `${daemon.statusUrl}/`
  }

  it('is empty at first, and shows a lock within two seconds, without a reload', async () => {
    const visit = await Visit.start(browser, await start())
    expect(await visit.text('#verdict')).to.equal('All is well')
    expect(await visit.text(`#group_${group} summary`)).to.equal(`${group} 0 of 1 held`)
    await visit.tab.evaluate('window.isTheSame = true')
    const taken = performance.now()
    await preReboot(daemon.serviceUrl, { id: MACHINE, group })
    await visit.shows(`#group_${group} .holders`, MACHINE, LIVE_WITHIN_MS)
    expect(performance.now() - taken).to.be.below(LIVE_WITHIN_MS)
    await preReboot(daemon.serviceUrl, { id: OTHER, group })
    await visit.shows(`#group_${group} .refused`, OTHER)
    await visit.shows(`#group_${group} .refused`, 'all 1 semaphore slots currently locked')
    await steadyState(daemon.serviceUrl, { id: MACHINE, group })
    await visit.shows(`#group_${group} summary`, '0 of 1 held')
    await visit.shows(`#group_${group} .timeline`, MACHINE.slice(0, 8))
    expect(await visit.tab.evaluate('window.isTheSame')).to.equal(true)
    expect(await visit.violations()).to.deep.equal([])
    await visit.end()
  })

  it('shows a change that another replica, or an operator, has made', async () => {
    const visit = await Visit.start(browser, await start())
    const configPath = folder.file('config.toml')
    await runAirlock(['lock', MACHINE, '-g', group, '-c', configPath])
    await visit.shows(`#group_${group} .holders`, MACHINE)
    await visit.end()
  })

  it('says what to type when a machine never came back', async () => {
    const url = await start()
    await preReboot(daemon.serviceUrl, { id: MACHINE, group })
    const since = new Date(Date.now() - 3 * 60 * 60_000).toISOString()
    await putRaw(etcd, holderKey(group, MACHINE), JSON.stringify({ since, by: 'airlock@db-2' }))
    const visit = await Visit.start(browser, url, { viewport: PHONE })
    await visit.shows('#attention', `${group} is stuck`)
    const command = await visit.text('#attention .command code')
    expect(command).to.equal(`airlock unlock ${MACHINE} -g ${group}`)
    await visit.shows('#attention', 'Make sure first that the machine is really down')
    expect(await visit.text('#attention li.urgent time')).to.equal('3 h')
    expect(await visit.violations()).to.deep.equal([])
    // What it says is what helps.
    const [, ...args] = command.split(' ')
    const done = await runAirlock([...args, '-c', folder.file('config.toml')])
    expect(done.exitCode).to.equal(0)
    await visit.shows('#verdict', 'All is well')
    await visit.end()
  })

  it('shows who has paused what, and why', async () => {
    const visit = await Visit.start(browser, await start())
    const configPath = folder.file('config.toml')
    await runAirlock(['pause', '--reason', 'incident <7>', '-g', group, '-c', configPath])
    await visit.shows('#attention', `${group} is paused`)
    await visit.shows('#attention', 'incident <7>')
    await visit.shows('#attention', `airlock resume -g ${group}`)
    await runAirlock(['resume', '-g', group, '-c', configPath])
    await visit.shows('#verdict', 'All is well')
    await visit.end()
  })

  it('says that the store is away, since when, and that it is back', async () => {
    const visit = await Visit.start(browser, await start())
    await etcd.kill(0)
    await visit.shows('#attention', 'The store cannot be reached')
    await visit.shows('#store', 'unreachable')
    expect(await visit.violations()).to.deep.equal([])
    await etcd.restart(0)
    await visit.shows('#verdict', 'All is well')
    await visit.end()
  })

  it('says so when the daemon is gone, and goes on when it is back', async () => {
    const port = await findFreePort()
    const visit = await Visit.start(browser, await start(`port = ${port}`))
    const started = performance.now()
    expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null })
    // A page that listens does not hold up the stop.
    expect(performance.now() - started).to.be.below(5000)
    await visit.shows('.live.lost', 'connection lost')
    await start(`port = ${port}`)
    await visit.tab.locator('.live.on').waitFor()
    await preReboot(daemon.serviceUrl, { id: MACHINE, group })
    await visit.shows(`#group_${group} .holders`, MACHINE)
    // That nobody answered is what the browser has to say.
    const others = visit.complaints.splice(0).filter((text) => !text.includes('net::ERR_'))
    expect(others).to.deep.equal([])
    await visit.end()
  })

  it('says so when the daemon stands still or is cut off, and goes on by another connection', async () => {
    const visit = await Visit.start(browser, await start())
    let connections = 1
    visit.tab.on('request', (request) => {
      if (request.url().includes('/events?')) connections += 1
    })
    // Its beats alone keep it live.
    await sleep(SILENT_WITHIN_MS)
    expect([await visit.text('.live'), connections]).to.deep.equal(['live', 1])
    daemon.signal('SIGSTOP')
    await visit.shows('.live.lost', 'connection lost', SILENT_WITHIN_MS)
    await eventually(() => expect(connections).to.equal(2))
    daemon.signal('SIGCONT')
    await visit.tab.locator('.live.on').waitFor()
    await preReboot(daemon.serviceUrl, { id: MACHINE, group })
    await visit.shows(`#group_${group} .holders`, MACHINE)
    await visit.end()
  })

  it('is complete without JavaScript', async () => {
    const url = await start()
    await preReboot(daemon.serviceUrl, { id: MACHINE, group })
    const visit = await Visit.start(browser, url, { javaScriptEnabled: false, viewport: PHONE })
    expect(await visit.text('.live')).to.match(/^as of 20\S+Z, reload$/)
    expect(await visit.text(`#group_${group} .holders`)).to.include(MACHINE)
    expect(await visit.tab.locator('button:visible, input:visible').count()).to.equal(0)
    await steadyState(daemon.serviceUrl, { id: MACHINE, group })
    await visit.tab.locator('.live a').click()
    await visit.shows(`#group_${group} summary`, '0 of 1 held')
    await visit.end()
  })

  it('is for those who know its password', async () => {
    const path = await folder.write('htpasswd', htpasswdOf({ anna: 'geheim' }))
    const url = await start(`port = 0\nhtpasswd_path = ${JSON.stringify(path)}`)
    const paths = ['', 'events', 'page.css', 'page.js', 'status.json']
    const answers = await Promise.all(paths.map((each) => sendRequest(url + each)))
    expect(answers.map(({ status }) => status)).to.deep.equal(paths.map(() => 401))
    const httpCredentials = { username: 'anna', password: 'geheim' }
    const visit = await Visit.start(browser, url, { httpCredentials })
    expect(await visit.text('#verdict')).to.equal('All is well')
    await visit.end()
  })

  it('lets nothing be loaded from elsewhere, nor be put around it', async () => {
    const { headers } = await sendRequest(await start())
    expect(headers['content-security-policy']).to.equal(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    expect([
      headers['x-content-type-options'],
      headers['referrer-policy'],
      headers['cache-control'],
    ]).to.deep.equal(['nosniff', 'no-referrer', 'no-store'])
  })
})
