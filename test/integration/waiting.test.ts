import { expect } from 'chai'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { etcdConfig } from '../support/etcd-config.js'
import type { EtcdAccess } from '../support/etcd-server.js'
import { eventually } from '../support/eventually.js'
import {
  preReboot,
  sendRequest,
  steadyState,
  type FleetlockResponse,
} from '../support/fleetlock-request.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { sharedEtcd } from '../support/shared-etcd.js'
import { uniqueGroup } from '../support/unique-group.js'

describe('waiting for a slot, on etcd', () => {
  let etcd: EtcdAccess
  let daemons: Daemon[] = []
  let group: string

  before(async () => {
    etcd = await sharedEtcd('mutual-tls')
  })

  beforeEach(() => {
    group = uniqueGroup()
  })

  afterEach(async () => {
    await Promise.all(daemons.map((daemon) => daemon.kill()))
    daemons = []
  })

  async function start(lock = 'wait_timeout_ms = 12000'): Promise<Daemon> {
    const groups = [{ name: group, slots: 1 }]
    const daemon = await runDaemon({ config: etcdConfig(etcd, { groups, lock }) })
    daemons.push(daemon)
    return daemon.ready()
  }

  async function waiters({ statusUrl }: Daemon): Promise<number> {
    const { body } = await sendRequest(`${statusUrl}/metrics`)
    return Number(new RegExp(`airlock_waiters\\{group="${group}"\\} (\\d+)`).exec(body)?.[1] ?? 0)
  }

  /** Begins to wait, and is there when the server has it in its room. */
  async function wait(
    daemon: Daemon,
    id: string,
    alreadyThere = 0,
  ): Promise<{ answer: Promise<FleetlockResponse> }> {
    const answer = preReboot(daemon.serviceUrl, { group, id })
    await eventually(async () => expect(await waiters(daemon)).to.equal(alreadyThere + 1))
    return { answer }
  }

  it('grants as soon as the slot is released, in the order of arrival', async () => {
    const daemon = await start()
    await preReboot(daemon.serviceUrl, { group, id: 'a' })
    const b = await wait(daemon, 'b')
    const c = await wait(daemon, 'c', 1)
    await steadyState(daemon.serviceUrl, { group, id: 'a' })
    expect((await b.answer).status).to.equal(200)
    expect(await waiters(daemon)).to.equal(1)
    await steadyState(daemon.serviceUrl, { group, id: 'b' })
    expect((await c.answer).status).to.equal(200)
  })

  it('wakes up within about a second of a release through another replica', async () => {
    const [here, there] = await Promise.all([start(), start()])
    await preReboot(there.serviceUrl, { group, id: 'a' })
    const { answer } = await wait(here, 'b')
    // The poll that was set off by the wait itself must not be the one that sees the release.
    await sleep(700)
    const begin = performance.now()
    await steadyState(there.serviceUrl, { group, id: 'a' })
    expect((await answer).status).to.equal(200)
    // 500 ms between polls; the rest is for a busy machine.
    expect(performance.now() - begin).to.be.below(3000)
  })

  it('refuses when the time is up', async () => {
    const daemon = await start('wait_timeout_ms = 600')
    await preReboot(daemon.serviceUrl, { group, id: 'a' })
    const { status, kind } = await preReboot(daemon.serviceUrl, { group, id: 'b' })
    expect([status, kind]).to.deep.equal([423, 'failed_lock_semaphore_full'])
  })

  it('answers who waits with 503 at once when it is told to stop', async () => {
    const daemon = await start()
    await preReboot(daemon.serviceUrl, { group, id: 'a' })
    const { answer } = await wait(daemon, 'b')
    const stopped = daemon.stop()
    const { status, kind } = await answer
    expect([status, kind]).to.deep.equal([503, 'shutting_down'])
    expect(await stopped).to.deep.equal({ code: 0, signal: null })
  })

  it('forgets who disconnects, so that the slot goes to the next', async () => {
    const daemon = await start()
    await preReboot(daemon.serviceUrl, { group, id: 'a' })
    const hasty = request(`${daemon.serviceUrl}/v1/pre-reboot`, {
      method: 'POST',
      agent: false,
      headers: { 'fleet-lock-protocol': 'true' },
    })
    hasty.on('error', () => undefined)
    hasty.end(JSON.stringify({ client_params: { id: 'hasty', group } }))
    await eventually(async () => expect(await waiters(daemon)).to.equal(1))
    const next = await wait(daemon, 'next', 1)
    hasty.destroy()
    await eventually(async () => expect(await waiters(daemon)).to.equal(1))
    await steadyState(daemon.serviceUrl, { group, id: 'a' })
    expect((await next.answer).status).to.equal(200)
  })

  it('refuses at once whoever is beyond the bound', async () => {
    const daemon = await start('wait_timeout_ms = 12000\nwaiters_max = 1')
    await preReboot(daemon.serviceUrl, { group, id: 'a' })
    const { answer } = await wait(daemon, 'b')
    const { kind } = await preReboot(daemon.serviceUrl, { group, id: 'c' })
    expect(kind).to.equal('failed_lock_semaphore_full')
    await steadyState(daemon.serviceUrl, { group, id: 'a' })
    expect((await answer).status).to.equal(200)
  })

  it('never lets a steady-state wait', async () => {
    const daemon = await start()
    await preReboot(daemon.serviceUrl, { group, id: 'a' })
    const b = await wait(daemon, 'b')
    expect((await steadyState(daemon.serviceUrl, { group, id: 'z' })).status).to.equal(200)
    expect(await waiters(daemon)).to.equal(1)
    expect((await steadyState(daemon.serviceUrl, { group, id: 'a' })).status).to.equal(200)
    expect((await b.answer).status).to.equal(200)
  })
})
