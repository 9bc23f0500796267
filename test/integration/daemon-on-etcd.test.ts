import { expect } from 'chai'
import { compareBytes } from '../../lib/semaphore/compare-bytes.js'
import { configuredSlotsKey, eventsPrefix, holderKey, semaphoreKey } from '../../lib/lock/keys.js'
import { etcdConfig } from '../support/etcd-config.js'
import type { EtcdAccess } from '../support/etcd-server.js'
import { getRaw, listRaw, putRaw } from '../support/etcdctl.js'
import { eventually } from '../support/eventually.js'
import { preReboot, steadyState, type FleetlockResponse } from '../support/fleetlock-request.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { sharedEtcd } from '../support/shared-etcd.js'
import { uniqueGroup } from '../support/unique-group.js'

describe('airlock on etcd', () => {
  let etcd: EtcdAccess
  let daemons: Daemon[] = []

  before(async () => {
    etcd = await sharedEtcd('mutual-tls')
  })

  afterEach(async () => {
    await Promise.all(daemons.map((daemon) => daemon.kill()))
    daemons = []
  })

  async function start(config: string): Promise<Daemon> {
    const daemon = await runDaemon({ config })
    daemons.push(daemon)
    return daemon.ready()
  }

  const configFor = (group: string, slots: number, lock?: string): string =>
    etcdConfig(etcd, { groups: [{ name: group, slots }], ...(lock === undefined ? {} : { lock }) })

  const holders = async (group: string): Promise<unknown> =>
    JSON.parse((await getRaw(etcd, semaphoreKey(group)))?.value ?? 'null')

  const summary = ({ status, kind, value, body }: FleetlockResponse): unknown =>
    status === 200 ? { status, body } : { status, kind, value }

  it('grants exactly the slots when 200 machines ask three daemons at once', async () => {
    const group = uniqueGroup()
    await Promise.all([1, 2, 3].map(() => start(configFor(group, 10))))
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const id = `machine-${index}`
        const url = daemons[index % 3]?.serviceUrl ?? ''
        return { id, answer: summary(await preReboot(url, { group, id })) }
      }),
    )
    const granted = { status: 200, body: '' }
    const full = {
      status: 423,
      kind: 'failed_lock_semaphore_full',
      value: 'all 10 semaphore slots currently locked',
    }
    const winners = answers.filter(({ answer }) => (answer as { status: number }).status === 200)
    const losers = answers.filter(({ answer }) => (answer as { status: number }).status !== 200)
    expect(winners.map(({ answer }) => answer)).to.deep.equal(Array<unknown>(10).fill(granted))
    expect(losers.map(({ answer }) => answer)).to.deep.equal(Array<unknown>(190).fill(full))
    expect(await holders(group)).to.deep.equal({
      total_slots: 10,
      holders: winners.map(({ id }) => id).sort(compareBytes),
    })
    const records = await listRaw(etcd, holderKey(group, ''))
    expect(records.map(({ key }) => key)).to.deep.equal(
      winners.map(({ id }) => holderKey(group, id)).sort(compareBytes),
    )
  })

  it('writes nothing when 200 machines that hold nothing report a steady state', async () => {
    const group = uniqueGroup()
    const daemon = await start(configFor(group, 1))
    await preReboot(daemon.serviceUrl, { group, id: 'holder' })
    const before = await getRaw(etcd, semaphoreKey(group))
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        steadyState(daemon.serviceUrl, { group, id: `machine-${index}` }),
      ),
    )
    expect(answers.map(({ status }) => status)).to.deep.equal(Array<number>(200).fill(200))
    expect(await getRaw(etcd, semaphoreKey(group))).to.deep.equal(before)
  })

  it('still knows the holder after it was killed between grant and release', async () => {
    const group = uniqueGroup()
    const first = await start(configFor(group, 1))
    expect((await preReboot(first.serviceUrl, { group, id: 'a' })).status).to.equal(200)
    await first.kill()
    const second = await start(configFor(group, 1))
    expect((await preReboot(second.serviceUrl, { group, id: 'b' })).status).to.equal(423)
    expect((await preReboot(second.serviceUrl, { group, id: 'a' })).status).to.equal(200)
    expect((await steadyState(second.serviceUrl, { group, id: 'a' })).status).to.equal(200)
    expect((await preReboot(second.serviceUrl, { group, id: 'b' })).status).to.equal(200)
  })

  it('honours a document that was put by hand', async () => {
    const group = uniqueGroup()
    await putRaw(etcd, semaphoreKey(group), '{"total_slots":1,"holders":["x"]}')
    const { serviceUrl } = await start(configFor(group, 1))
    expect((await preReboot(serviceUrl, { group, id: 'y' })).status).to.equal(423)
    expect((await preReboot(serviceUrl, { group, id: 'x' })).status).to.equal(200)
    expect((await steadyState(serviceUrl, { group, id: 'x' })).status).to.equal(200)
    const entry = await getRaw(etcd, semaphoreKey(group))
    expect(entry?.value).to.equal('{"total_slots":1,"holders":[]}')
  })

  it('answers store_corrupt for a broken document, logs it, and leaves it untouched', async () => {
    const group = uniqueGroup()
    await putRaw(etcd, semaphoreKey(group), '{"total_slots":1,"holders":"x"}')
    const before = await getRaw(etcd, semaphoreKey(group))
    const daemon = await start(configFor(group, 1))
    for (const ask of [preReboot, steadyState]) {
      expect(summary(await ask(daemon.serviceUrl, { group, id: 'y' }))).to.deep.equal({
        status: 500,
        kind: 'store_corrupt',
        value: `the stored document ${semaphoreKey(group)} has "holders" that are not a list of node ids; an operator has to correct it`,
      })
    }
    await daemon.logged(/level=error msg="the stored document is not a semaphore/)
    expect(await getRaw(etcd, semaphoreKey(group))).to.deep.equal(before)
  })

  it('applies a number of slots that was changed in the config, at the next start', async () => {
    const group = uniqueGroup()
    const first = await start(configFor(group, 1))
    expect((await preReboot(first.serviceUrl, { group, id: 'a' })).status).to.equal(200)
    expect((await preReboot(first.serviceUrl, { group, id: 'b' })).status).to.equal(423)
    await first.stop()
    const second = await start(configFor(group, 3))
    for (const id of ['a', 'b', 'c']) {
      expect((await preReboot(second.serviceUrl, { group, id })).status).to.equal(200)
    }
    expect((await preReboot(second.serviceUrl, { group, id: 'd' })).status).to.equal(423)
  })

  it('applies the slots without any request', async () => {
    const group = uniqueGroup()
    await start(configFor(group, 4))
    await eventually(async () => {
      expect(await holders(group)).to.deep.equal({ total_slots: 4, holders: [] })
    })
    expect((await getRaw(etcd, configuredSlotsKey(group)))?.value).to.equal('4')
  })

  it('does not fight with a daemon that has another number of slots', async () => {
    const group = uniqueGroup()
    const one = await start(configFor(group, 1))
    await eventually(async () => {
      expect((await getRaw(etcd, configuredSlotsKey(group)))?.value).to.equal('1')
    })
    const two = await start(configFor(group, 2))
    await eventually(async () => {
      expect((await getRaw(etcd, configuredSlotsKey(group)))?.value).to.equal('2')
    })
    const before = await getRaw(etcd, configuredSlotsKey(group))
    for (const [index, { serviceUrl }] of [one, two, one, two].entries()) {
      const params = { group, id: `machine-${index}` }
      expect((await preReboot(serviceUrl, params)).status).to.equal(200)
      expect((await steadyState(serviceUrl, params)).status).to.equal(200)
    }
    expect(await holders(group)).to.deep.equal({ total_slots: 2, holders: [] })
    expect(await getRaw(etcd, configuredSlotsKey(group))).to.deep.equal(before)
  })

  it('leaves the slots to the store where the config says so', async () => {
    const group = uniqueGroup()
    await putRaw(etcd, semaphoreKey(group), '{"total_slots":2,"holders":[]}')
    const { serviceUrl } = await start(configFor(group, 1, 'slots_source = "store"'))
    for (const [id, status] of [
      ['a', 200],
      ['b', 200],
      ['c', 423],
    ] as const) {
      expect((await preReboot(serviceUrl, { group, id })).status).to.equal(status)
    }
    expect(await getRaw(etcd, configuredSlotsKey(group))).to.equal(undefined)
  })

  it('records who holds since when, and what changed', async () => {
    const group = uniqueGroup()
    const { serviceUrl } = await start(configFor(group, 1))
    await preReboot(serviceUrl, { group, id: 'a' })
    const record = JSON.parse((await getRaw(etcd, holderKey(group, 'a')))?.value ?? '{}') as object
    expect(record).to.have.all.keys('since', 'by')
    await steadyState(serviceUrl, { group, id: 'a' })
    expect(await getRaw(etcd, holderKey(group, 'a'))).to.equal(undefined)
    const events = await listRaw(etcd, eventsPrefix(group))
    const changes = events
      .sort((a, b) => a.modRevision - b.modRevision)
      .flatMap(({ value }) => (JSON.parse(value) as { changes: unknown[] }).changes)
    expect(changes).to.deep.equal([
      { type: 'slots-set', from: null, to: 1 },
      { type: 'granted', id: 'a' },
      { type: 'released', id: 'a' },
    ])
  })

  it('serves the set-up of the tutorial: endpoints over https, certificates, and its curl test', async () => {
    const group = uniqueGroup()
    const { tls } = etcd
    const config = `
[status]
enabled = true
address = "localhost"
port = 0
tls = false

[service]
address = "localhost"
port = 0
tls = false

[etcd3]
endpoints = [ ${JSON.stringify(etcd.namedEndpoints[0])} ]
ca_cert_path = ${JSON.stringify(tls?.caPath)}
client_cert_pub_path = ${JSON.stringify(tls?.client.certPath)}
client_cert_key_path = ${JSON.stringify(tls?.client.keyPath)}

[lock]
default_group_name = "default"
default_slots = 2

[[lock.groups]]
name = "${group}"
slots = 1
`
    const { serviceUrl } = await start(config)
    const curl = {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }
    const first = await preReboot(serviceUrl, { group, id: 'machine-1' }, curl)
    expect([first.status, first.body]).to.deep.equal([200, ''])
    const second = await preReboot(serviceUrl, { group, id: 'machine-2' }, curl)
    expect(summary(second)).to.deep.equal({
      status: 423,
      kind: 'failed_lock_semaphore_full',
      value: 'all 1 semaphore slots currently locked',
    })
  })
})
