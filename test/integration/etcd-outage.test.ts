import { expect } from 'chai'
import { Etcd3, Range } from 'etcd3'
import { setTimeout as sleep } from 'node:timers/promises'
import { semaphoreKey } from '../../lib/lock/keys.js'
import type { StatusReport } from '../../lib/status/status-report.js'
import { etcdConfig } from '../support/etcd-config.js'
import { startEtcd, type EtcdServer } from '../support/etcd-server.js'
import { getRaw } from '../support/etcdctl.js'
import { eventually } from '../support/eventually.js'
import { preReboot, sendRequest, steadyState } from '../support/fleetlock-request.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { TcpProxy } from '../support/tcp-proxy.js'
import { createTempFolder } from '../support/temp-folder.js'
import { uniqueGroup } from '../support/unique-group.js'

describe('airlock while etcd is in trouble', () => {
  let etcd: EtcdServer
  let daemon: Daemon
  let group: string

  before(async () => {
    etcd = await startEtcd()
  })

  after(() => etcd.stop())

  beforeEach(() => {
    group = uniqueGroup()
  })

  afterEach(() => daemon.kill())

  async function start(options: Parameters<typeof etcdConfig>[1] = {}): Promise<Daemon> {
    const groups = [{ name: group, slots: 1 }]
    daemon = await runDaemon({ config: etcdConfig(etcd, { groups, ...options }) })
    return daemon.ready()
  }

  const readyz = async (): Promise<number> =>
    (await sendRequest(`${daemon.statusUrl}/readyz`)).status

  it('starts without etcd, refuses, is not ready, and recovers by itself', async () => {
    await etcd.kill(0)
    await start({ timeoutMs: 500 })
    const refused = await preReboot(daemon.serviceUrl, { group, id: 'a' })
    expect([refused.status, refused.kind]).to.deep.equal([503, 'store_unavailable'])
    expect(refused.value).to.match(/nothing listens at \S+ \(connection refused\)$/)
    expect(await readyz()).to.equal(503)
    await etcd.restart(0)
    await eventually(async () => expect(await readyz()).to.equal(200))
    expect((await preReboot(daemon.serviceUrl, { group, id: 'a' })).status).to.equal(200)
    await daemon.logged(/the store answers again/)
  })

  it('fences a transaction that a stopped etcd may still commit, before it answers again', async () => {
    await start({ timeoutMs: 1000 })
    const { serviceUrl } = daemon
    expect((await preReboot(serviceUrl, { group, id: 'a' })).status).to.equal(200)
    expect((await steadyState(serviceUrl, { group, id: 'a' })).status).to.equal(200)
    await etcd.pause(0)
    const uncertain = await preReboot(serviceUrl, { group, id: 'a' })
    expect([uncertain.status, uncertain.kind]).to.deep.equal([503, 'store_unavailable'])
    await daemon.logged(/may or may not have happened; fencing it.*group=/)
    const meanwhile = await steadyState(serviceUrl, { group, id: 'b' })
    expect([meanwhile.status, meanwhile.kind]).to.deep.equal([503, 'store_unavailable'])
    await etcd.resume(0)
    await eventually(async () => {
      expect((await steadyState(serviceUrl, { group, id: 'a' })).status).to.equal(200)
    })
    await daemon.logged(/the uncertain commit is fenced/)
    // Whatever etcd had still in its queue has been decided by now.
    await sleep(1500)
    expect((await getRaw(etcd, semaphoreKey(group)))?.value).to.equal(
      '{"total_slots":1,"holders":[]}',
    )
  })

  it('finds that it has granted when only the answer was lost', async () => {
    const proxy = await TcpProxy.start(etcd.ports[0] ?? 0)
    try {
      await start({ timeoutMs: 1000, endpoints: [`http://127.0.0.1:${proxy.port}`] })
      expect((await steadyState(daemon.serviceUrl, { group, id: 'x' })).status).to.equal(200)
      await proxy.dropReplies()
      const uncertain = await preReboot(daemon.serviceUrl, { group, id: 'a' })
      expect([uncertain.status, uncertain.kind]).to.deep.equal([503, 'store_unavailable'])
      await eventually(async () => {
        expect((await getRaw(etcd, semaphoreKey(group)))?.value).to.equal(
          '{"total_slots":1,"holders":["a"]}',
        )
      })
      await proxy.pass()
      await eventually(async () => {
        expect((await preReboot(daemon.serviceUrl, { group, id: 'b' })).status).to.equal(423)
      })
      expect((await preReboot(daemon.serviceUrl, { group, id: 'a' })).status).to.equal(200)
    } finally {
      await proxy.close()
    }
  })

  it('answers within the transaction timeout while etcd stands still', async () => {
    await start({ timeoutMs: 600 })
    expect((await preReboot(daemon.serviceUrl, { group, id: 'a' })).status).to.equal(200)
    await etcd.pause(0)
    try {
      const begin = performance.now()
      const answers = await Promise.all([
        preReboot(daemon.serviceUrl, { group, id: 'a' }),
        preReboot(daemon.serviceUrl, { group, id: 'b' }),
        steadyState(daemon.serviceUrl, { group, id: 'c' }),
      ])
      // Generous: what matters is that it is the timeout that ends it.
      expect(performance.now() - begin).to.be.within(500, 5000)
      for (const { status, kind } of answers) {
        expect([status, kind]).to.deep.equal([503, 'store_unavailable'])
      }
    } finally {
      await etcd.resume(0)
    }
  })
})

describe("airlock with etcd's own authentication", () => {
  let etcd: EtcdServer
  let daemon: Daemon | undefined

  before(async () => {
    etcd = await startEtcd({ extraArgs: ['--auth-token', 'simple'] })
    await enableAuthentication(etcd)
  })

  after(() => etcd.stop())

  afterEach(async () => {
    await daemon?.kill()
    daemon = undefined
  })

  async function start(password: string): Promise<Daemon> {
    const folder = await createTempFolder()
    const path = await folder.write('password', `${password}\n`)
    const etcd3 = `username = "airlock"\npassword_path = ${JSON.stringify(path)}`
    daemon = await runDaemon({ config: etcdConfig(etcd, { etcd3, timeoutMs: 2000 }) })
    await daemon.ready()
    await folder.remove()
    return daemon
  }

  it('serves as a user that may only touch its own prefix', async () => {
    const { serviceUrl } = await start('secret')
    expect((await preReboot(serviceUrl, { group: 'default', id: 'a' })).status).to.equal(200)
    expect((await steadyState(serviceUrl, { group: 'default', id: 'a' })).status).to.equal(200)
    expect(await endpointErrors()).to.deep.equal([null])
    expect(daemon?.logs.join('\n')).to.not.include('secret')
  })

  async function endpointErrors(): Promise<(string | null)[]> {
    const { body } = await sendRequest(`${daemon?.statusUrl ?? ''}/status.json`)
    expect(body).to.not.include('secret').and.to.not.include('wrong')
    return (JSON.parse(body) as StatusReport).store.endpoints.map(({ error }) => error)
  }

  it('serves on after etcd has forgotten its tokens', async () => {
    const { serviceUrl } = await start('secret')
    expect((await preReboot(serviceUrl, { group: 'default', id: 'a' })).status).to.equal(200)
    await etcd.kill(0)
    await etcd.restart(0)
    await eventually(async () => {
      expect((await steadyState(serviceUrl, { group: 'default', id: 'a' })).status).to.equal(200)
    })
  })

  it('answers 503 and says why when the password is wrong', async () => {
    const { serviceUrl, logs } = await start('wrong')
    const answer = await preReboot(serviceUrl, { group: 'default', id: 'a' })
    expect([answer.status, answer.kind]).to.deep.equal([503, 'store_unavailable'])
    expect(answer.value).to.include('authentication failed')
    expect((await endpointErrors())[0]).to.include('authentication failed')
    expect(logs.join('\n')).to.not.include('wrong')
  })
})

/** As an operator would with etcdctl: a root, and a user for airlock's prefix alone. */
async function enableAuthentication(etcd: EtcdServer): Promise<void> {
  const client = new Etcd3({ hosts: [...etcd.endpoints] })
  try {
    const root = await client.role('root').create()
    await (await client.user('root').create('root')).addRole(root)
    const role = await client.role('airlock').create()
    await role.grant({ permission: 'Readwrite', range: Range.prefix('com.coreos.airlock/') })
    await (await client.user('airlock').create('secret')).addRole(role)
    await client.auth.authEnable()
  } finally {
    client.close()
  }
}
