import { expect } from 'chai'
import { createHmac } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { holderKey, semaphoreKey } from '../../lib/lock/keys.js'
import { certificates } from '../support/certificates.js'
import { etcdConfig } from '../support/etcd-config.js'
import type { EtcdAccess } from '../support/etcd-server.js'
import { getRaw, putRaw } from '../support/etcdctl.js'
import { eventually } from '../support/eventually.js'
import { preReboot, sendRequest, steadyState } from '../support/fleetlock-request.js'
import { runAirlock } from '../support/run-airlock.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { sharedEtcd } from '../support/shared-etcd.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'
import { uniqueGroup } from '../support/unique-group.js'
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js'

const ALL = [
  'granted',
  'released',
  'refused-for-longer-than',
  'stale',
  'paused',
  'resumed',
  'slots-changed',
  'gate-failing',
]

/** Long enough for a second replica, or a second attempt, to tell something twice. */
const TWICE_WITHIN_MS = 2500

describe('notifications', function () {
  this.timeout(60_000)
  let etcd: EtcdAccess
  let folder: TempFolder
  let group: string
  let config: string
  let receiver: WebhookReceiver
  let daemons: Daemon[] = []

  before(async () => {
    etcd = await sharedEtcd('mutual-tls')
  })

  beforeEach(async () => {
    folder = await createTempFolder()
    group = uniqueGroup()
    receiver = await startWebhookReceiver()
    config = folder.file('airlock.toml')
  })

  afterEach(async () => {
    await Promise.all(daemons.map((daemon) => daemon.kill()))
    daemons = []
    await receiver.close()
    await folder.remove()
  })

  const webhook = (more = '', url = receiver.url): string =>
    `[[notify.webhook]]\nurl = "${url}"\nevents = ${JSON.stringify(ALL)}\n${more}\n`

  async function configure(notify: string): Promise<void> {
    const groups = [{ name: group, slots: 1 }]
    await writeFile(config, `${etcdConfig(etcd, { groups })}${notify}`)
  }

  async function start(): Promise<Daemon> {
    const daemon = await runDaemon({ configPath: config })
    daemons.push(daemon)
    return daemon.ready()
  }

  /** A reload has the daemon look at the store at once. */
  async function look(daemon: Daemon): Promise<void> {
    const count = (): number =>
      daemon.logs.filter((line) => line.includes('has been reloaded')).length
    const before = count()
    daemon.signal('SIGHUP')
    await eventually(() => expect(count()).to.equal(before + 1))
  }

  async function arrived(type: string, count = 1): Promise<void> {
    await eventually(() => expect(receiver.about(group, type)).to.have.length(count))
  }

  const operate = (...args: string[]) =>
    runAirlock(args, { environment: { AIRLOCK_CONFIG: config, SUDO_USER: 'eve' } })

  const ask = async (daemon: Daemon, id: string): Promise<number> =>
    (await preReboot(daemon.serviceUrl, { group, id })).status

  it('tells of a grant and of a release, once, as documented', async () => {
    await configure(webhook())
    const daemon = await start()
    expect(await ask(daemon, 'a')).to.equal(200)
    expect(await ask(daemon, 'a')).to.equal(200)
    await arrived('granted')
    const revision = (await getRaw(etcd, semaphoreKey(group)))?.modRevision ?? 0
    await steadyState(daemon.serviceUrl, { group, id: 'a' })
    await arrived('released')
    await look(daemon)
    await sleep(TWICE_WITHIN_MS)
    expect(receiver.about(group)).to.have.length(2)
    const [granted, released] = receiver.about(group)
    expect(granted?.headers).to.include({
      'content-type': 'application/json',
      'user-agent': 'airlock',
    })
    expect(granted?.headers).to.not.have.property('x-airlock-signature')
    const { at, by, ...rest } = granted?.body ?? {}
    expect(Math.abs(Date.parse(String(at)) - Date.now())).to.be.below(60_000)
    expect(by).to.match(/^airlock@/)
    expect(rest).to.deep.equal({
      version: 1,
      text: `airlock: a may reboot (group ${group})`,
      // The first commit of a group's lane has its slots, too.
      event_id: `change/${group}/${revision}/${String(rest['event_id']).split('/').at(-1) ?? ''}`,
      event: 'granted',
      group,
      id: 'a',
      reason: null,
      slots: null,
    })
    expect(released?.body).to.include({ event: 'released', id: 'a' })
  })

  it('signs the body with the secret, which may change', async () => {
    const secret = await folder.write('secret', 'correct horse\n')
    await configure(webhook(`secret_path = ${JSON.stringify(secret)}`))
    const daemon = await start()
    await ask(daemon, 'a')
    await arrived('granted')
    await folder.write('secret', 'battery staple')
    await steadyState(daemon.serviceUrl, { group, id: 'a' })
    await arrived('released')
    for (const [index, key] of ['correct horse', 'battery staple'].entries()) {
      const received = receiver.about(group)[index]
      const hmac = createHmac('sha256', key)
        .update(received?.raw ?? '')
        .digest('hex')
      expect(received?.headers['x-airlock-signature']).to.equal(`sha256=${hmac}`)
    }
  })

  it('tries again what the receiver could not take, with the same event id, and tells no secret', async () => {
    await configure(webhook())
    const daemon = await start()
    receiver.behave(500)
    await ask(daemon, 'a')
    await arrived('granted', 2)
    receiver.behave(200)
    await arrived('granted', 3)
    await sleep(TWICE_WITHIN_MS)
    const ids = receiver.about(group, 'granted').map(({ body }) => body['event_id'])
    expect(ids).to.have.length(3)
    expect(new Set(ids).size).to.equal(1)
    await daemon.logged(/a webhook cannot be reached; trying again.*host="127\.0\.0\.1:\d+".*500/)
    const { body: metrics } = await sendRequest(`${daemon.statusUrl}/metrics`)
    expect(metrics).to.match(/airlock_notifications_total\{event="granted",outcome="delivered"\} 1/)
    expect(metrics).to.match(/airlock_notification_queue_length\{webhook="notify.webhook\[0\]"\} 0/)
    expect(daemon.logs.join('\n') + metrics).to.not.include('s3cret-token')
  })

  it('delays no machine while the receiver is silent, or gone', async () => {
    const gone = await startWebhookReceiver()
    await gone.close()
    await configure(`${webhook('timeout_ms = 30000')}${webhook('', gone.url)}`)
    const daemon = await start()
    await ask(daemon, 'warm-up')
    await steadyState(daemon.serviceUrl, { group, id: 'warm-up' })
    receiver.behave('silent')
    const begin = performance.now()
    for (let round = 0; round < 20; round++) {
      expect(await ask(daemon, `m${round}`)).to.equal(200)
      await steadyState(daemon.serviceUrl, { group, id: `m${round}` })
    }
    expect(performance.now() - begin).to.be.below(5000)
    const { code } = await daemon.stop()
    expect(code).to.equal(0)
  })

  it("has an operator's changes told by one of two replicas, and not again after a restart", async () => {
    await configure(webhook())
    const [one, two] = [await start(), await start()]
    await eventually(async () => expect((await operate('status', group)).exitCode).to.equal(0))
    await ask(one, 'a')
    await arrived('granted')
    await operate('pause', '-g', group, '--reason', 'incident <!channel>')
    await operate('set-slots', '2', '-g', group)
    await operate('resume', '-g', group)
    await Promise.all([look(one), look(two)])
    for (const type of ['paused', 'slots-changed', 'resumed']) await arrived(type)
    await two.stop()
    const three = await start()
    await look(three)
    await sleep(TWICE_WITHIN_MS)
    const types = receiver.about(group).map(({ body }) => String(body['event']))
    expect([...types].sort()).to.deep.equal(['granted', 'paused', 'resumed', 'slots-changed'])
    const paused = receiver.about(group, 'paused')[0]?.body ?? {}
    expect(paused['by']).to.match(/^eve@/)
    expect(paused).to.include({ id: null, reason: 'incident <!channel>' })
    expect(paused['text']).to.match(/: incident &lt;!channel&gt;$/)
    const changed = receiver.about(group, 'slots-changed')[0]?.body ?? {}
    expect(changed['slots']).to.deep.equal({ from: 1, to: 2 })
  })

  it('tells what an operator did while no replica was running', async () => {
    await configure(webhook())
    const first = await start()
    await eventually(async () =>
      expect(await getRaw(etcd, semaphoreKey(group))).to.not.equal(undefined),
    )
    await first.stop()
    await operate('pause', '-g', group, '--reason', 'night')
    await start()
    await arrived('paused')
  })

  it('tells after a restart what the receiver had not taken before it', async () => {
    await configure(webhook())
    const first = await start()
    receiver.behave(503)
    await ask(first, 'a')
    await arrived('granted')
    await first.stop()
    receiver.behave(200)
    const before = receiver.about(group, 'granted').length
    await start()
    await eventually(
      () => expect(receiver.about(group, 'granted').length).to.be.above(before),
      // It leaves it to the replica that made it, for a while.
      { timeoutMs: 20_000 },
    )
    const ids = new Set(receiver.about(group, 'granted').map(({ body }) => body['event_id']))
    expect(ids.size).to.equal(1)
  })

  it('tells of a stale holder by one of two replicas, and shows it', async () => {
    await putRaw(etcd, semaphoreKey(group), '{"total_slots":1,"holders":["old"]}')
    const since = new Date(Date.now() - 61 * 60_000).toISOString()
    await putRaw(etcd, holderKey(group, 'old'), JSON.stringify({ since, by: 'airlock@x' }))
    await configure(webhook())
    const [one, two] = [await start(), await start()]
    await arrived('stale')
    for (const daemon of [one, two]) {
      await daemon.logged(new RegExp(`held its slot for too long.*group=${group} id=old`))
    }
    await two.stop()
    await start()
    await sleep(TWICE_WITHIN_MS)
    expect(receiver.about(group, 'stale')).to.have.length(1)
    expect(receiver.about(group, 'stale')[0]?.body).to.include({
      id: 'old',
      reason: 'it has held its slot for 61 minutes',
    })
    const { body: metrics } = await sendRequest(`${one.statusUrl}/metrics`)
    expect(metrics).to.include(`airlock_stale_holders{group="${group}"} 1`)
    expect(metrics).to.match(
      new RegExp(`airlock_oldest_holder_age_seconds\\{group="${group}"\\} 36[6-9]\\d`),
    )
    const { stdout } = await operate('status', group)
    expect(stdout).to.match(/ 1 stale$/m)
    expect(stdout).to.match(/^old .* 1h 1m \(stale\) +airlock@x/m)
    const json = await operate('status', group, '--json')
    const { groups } = JSON.parse(json.stdout) as { groups: Record<string, unknown>[] }
    expect(groups[0]).to.deep.include({
      stale: 1,
      holders: [{ id: 'old', name: null, since, by: 'airlock@x', stale: true }],
    })
    expect(await getRaw(etcd, semaphoreKey(group))).to.include({ version: 2 })
  })

  it('takes webhooks and stale_after_minutes that a reload brings, and checks their files', async () => {
    await configure('')
    const daemon = await start()
    await ask(daemon, 'a')
    await configure(webhook('secret_path = "/nowhere"'))
    daemon.signal('SIGHUP')
    await daemon.logged(
      /the old one stays in force.*notify\.webhook\[0\]\.secret_path.*no such file/,
    )
    await configure(webhook())
    await look(daemon)
    await steadyState(daemon.serviceUrl, { group, id: 'a' })
    await arrived('released')
    await configure('')
    await look(daemon)
    await ask(daemon, 'b')
    await sleep(500)
    expect(receiver.about(group).some(({ body }) => body['id'] === 'b')).to.equal(false)
  })

  it('verifies the certificate of the receiver', async () => {
    const { server, caPath } = await certificates()
    const secure = await startWebhookReceiver(server)
    try {
      await configure(webhook('', secure.url) + webhook(`ca_cert_path = "${caPath}"`, secure.url))
      const daemon = await start()
      await ask(daemon, 'a')
      await eventually(() => expect(secure.about(group, 'granted')).to.have.length(1))
      await daemon.logged(/cannot be reached.*notify\.webhook\[0\].*certificate/)
    } finally {
      await secure.close()
    }
  })
})
