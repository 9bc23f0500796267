import { expect } from 'chai'
import { Writable } from 'node:stream'
import { createDaemon } from '../../lib/daemon/create-daemon.js'
import { systemClock } from '../../lib/daemon/system-clock.js'
import { parseSettings } from '../../lib/config/parse-settings.js'
import { holderKey, semaphoreKey, staleReleasesKey } from '../../lib/lock/keys.js'
import { etcdConfig } from '../support/etcd-config.js'
import { getRaw, putRaw } from '../support/etcdctl.js'
import { eventually } from '../support/eventually.js'
import { runAirlock } from '../support/run-airlock.js'
import { sharedEtcd } from '../support/shared-etcd.js'
import { createTempFolder } from '../support/temp-folder.js'
import { uniqueGroup } from '../support/unique-group.js'
import { startWebhookReceiver } from '../support/webhook-receiver.js'

/** A minute of the daemon's passes in a second. */
const TIMES_FASTER = 60

const fastClock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * TIMES_FASTER,
  schedule: (delayMs: number, callback: () => void) =>
    systemClock.schedule(delayMs / TIMES_FASTER, callback),
}

describe('stale_release, on etcd', () => {
  it('releases so many machines a day, of two replicas at once, logs and tells it', async function () {
    this.timeout(30_000)
    const etcd = await sharedEtcd('mutual-tls')
    const receiver = await startWebhookReceiver()
    const folder = await createTempFolder()
    const group = uniqueGroup()
    const record = JSON.stringify({ since: '2026-01-01T00:00:00.000Z', by: 'airlock@x' })
    await putRaw(etcd, semaphoreKey(group), '{"total_slots":3,"holders":["a","b","unknown"]}')
    for (const id of ['a', 'b']) await putRaw(etcd, holderKey(group, id), record)
    const lock = 'stale_after_minutes = 1'
    const toml = `${etcdConfig(etcd, { lock, timeoutMs: 60_000 })}
[[lock.groups]]
name = "${group}"
slots = 3
stale_release = { after_minutes = 2, at_most_per_day = 1 }
[[notify.webhook]]
url = "${receiver.url}"
timeout_ms = 60000
events = ["stale"]
`
    const parsed = parseSettings(toml, {}, { nodeMajor: 26 })
    if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems))
    const lines: string[] = []
    const logStream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        lines.push(chunk.toString('utf8'))
        done()
      },
    })
    const daemons = await Promise.all(
      ['1', '2'].map(async (version) => {
        const created = await createDaemon(parsed.settings, {
          clock: fastClock,
          environment: {},
          logStream,
          logLevel: 'warn',
          version,
        })
        if ('problems' in created) throw new Error(JSON.stringify(created.problems))
        await created.daemon.start()
        return created.daemon
      }),
    )
    try {
      await eventually(
        () => expect(lines.join('')).to.include('have been released today already'),
        {
          timeoutMs: 15_000,
        },
      )
      const stored = await getRaw(etcd, semaphoreKey(group))
      expect(stored?.value).to.match(/^\{"total_slots":3,"holders":\["[ab]","unknown"\]\}$/)
      expect((await getRaw(etcd, staleReleasesKey(group)))?.value).to.match(/"count":1\}$/)
      const errors = lines.filter((line) => line.includes('level=error'))
      expect(errors).to.have.length(1)
      expect(errors[0]).to.match(/released a machine that had held its slot for too long/)
      await eventually(() => expect(receiver.about(group, 'released')).to.have.length(1))
      expect(receiver.about(group, 'released')[0]?.body['by']).to.match(/^airlock@.* \(stale\)$/)
      expect(receiver.about(group, 'stale')).to.have.length(3)
      const config = await folder.write('airlock.toml', toml)
      const { stdout } = await runAirlock(['events', '-g', group, '-c', config])
      expect(stdout).to.match(
        /released [ab], which had held for too long {2}by airlock@.* \(stale\)$/m,
      )
    } finally {
      await Promise.all(daemons.map((daemon) => daemon.stop('test')))
      await receiver.close()
      await folder.remove()
    }
  })
})
