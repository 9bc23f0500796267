import { expect } from 'chai'
import { setTimeout as sleep } from 'node:timers/promises'
import { embeddedConfig } from '../support/embedded-config.js'
import { preReboot, steadyState } from '../support/fleetlock-request.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'

const TIMES = 3

/** How long the daemon stands still, in milliseconds. */
const STANDSTILL_MS = 800

describe('a daemon that stood still', function () {
  this.timeout(60_000)
  let daemon: Daemon

  before(async () => {
    daemon = await (await runDaemon({ config: embeddedConfig() })).ready()
  })
  after(() => daemon.stop())

  /** Asks while the daemon stands still, and gives up before it goes on. */
  async function abandon(request: typeof preReboot, machine: { group: string; id: string }) {
    daemon.signal('SIGSTOP')
    const abandoned = await request(daemon.serviceUrl, machine, {
      timeoutMs: STANDSTILL_MS,
    }).catch(String)
    expect(abandoned).to.include('aborted')
    daemon.signal('SIGCONT')
    await sleep(200)
  }

  it('does nothing for machines that have gone away meanwhile', async () => {
    const holder = { group: 'default', id: 'holder' }
    const other = { group: 'default', id: 'other' }
    for (let time = 1; time <= TIMES; time += 1) {
      expect((await preReboot(daemon.serviceUrl, holder)).status).to.equal(200)
      await abandon(steadyState, holder)
      expect((await preReboot(daemon.serviceUrl, other)).status, `release ${time}`).to.equal(423)
      expect((await steadyState(daemon.serviceUrl, holder)).status).to.equal(200)
      await abandon(preReboot, other)
      expect((await preReboot(daemon.serviceUrl, holder)).status, `lock ${time}`).to.equal(200)
    }
  })
})
