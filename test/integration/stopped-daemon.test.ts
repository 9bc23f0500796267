import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { expect } from 'chai'
import type { Clock } from '../../lib/calendar/clock.js'
import { systemClock } from '../../lib/daemon/system-clock.js'
import { startDaemonInProcess } from '../support/daemon-in-process.js'
import { eventually } from '../support/eventually.js'
import { FakeServer } from '../support/fake-server.js'
import { preReboot, sendRequest, steadyState } from '../support/fleetlock-request.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'
import { startWebhookReceiver } from '../support/webhook-receiver.js'

/** The machine's time, which knows what it has still to call back. */
class CountingClock implements Clock {
  /** Where each was scheduled. */
  readonly #pending = new Map<object, string>()

  get pending(): readonly string[] {
    return [...this.#pending.values()]
  }

  now(): number {
    return systemClock.now()
  }

  monotonic(): number {
    return systemClock.monotonic()
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const call = {}
    const caller = new Error().stack?.split('\n').slice(2, 4).join(' from ') ?? ''
    this.#pending.set(call, `${delayMs} ms ${caller}`)
    const cancel = systemClock.schedule(delayMs, () => {
      this.#pending.delete(call)
      callback()
    })
    return () => {
      this.#pending.delete(call)
      cancel()
    }
  }
}

describe('a daemon that has been stopped', () => {
  let folder: TempFolder
  beforeEach(async () => {
    folder = await createTempFolder()
  })
  afterEach(() => folder.remove())

  it('has no timer left, whatever it was doing', async () => {
    const clock = new CountingClock()
    const receiver = await startWebhookReceiver()
    // No answer: a machine of its group is still being decided on at the end.
    const silent = await FakeServer.start(() => undefined)
    const nodes = await folder.write('nodes.toml', 'a = "node-a"\n')
    const { daemon, serviceUrl, statusUrl, lines } = await startDaemonInProcess(
      `
      [service]
      port = 0
      [status]
      port = 0
      nodes_path = ${JSON.stringify(nodes)}
      [store]
      kind = "embedded"
      path = ${JSON.stringify(folder.file('airlock.db'))}
      [[lock.groups]]
      name = "waiting"
      wait_timeout_ms = 60000
      [[lock.groups]]
      name = "cooling"
      cooldown_seconds = 60
      [[lock.groups]]
      name = "asking"
      [gates.prometheus]
      url = "${silent.url}"
      groups = ["asking"]
      timeout_ms = 10000
      [[notify.webhook]]
      url = "${receiver.url}"
      events = ["granted"]`,
      clock,
    )
    const look = get(`${statusUrl}/events`, (response) => response.resume())
    look.on('error', () => undefined)
    const [response] = (await once(look, 'response')) as [IncomingMessage]
    const askFor = (group: string, id = 'a') => preReboot(serviceUrl, { id, group })
    expect((await askFor('waiting')).status).to.equal(200)
    expect((await askFor('cooling')).status).to.equal(200)
    expect((await steadyState(serviceUrl, { id: 'a', group: 'cooling' })).status).to.equal(200)
    expect((await askFor('cooling', 'b')).status).to.equal(423)
    const waits = [askFor('waiting', 'b'), askFor('asking')]
    await eventually(() => expect(silent.requests).to.have.length(1))
    expect((await sendRequest(`${statusUrl}/readyz`)).status).to.equal(200)
    expect((await sendRequest(`${statusUrl}/status.json`)).status).to.equal(200)
    expect(clock.pending).not.to.deep.equal([])

    await daemon.stop('the test is over')
    expect(clock.pending).to.deep.equal([])
    expect((await Promise.all(waits)).map(({ kind }) => kind)).to.deep.equal(
      Array(2).fill('shutting_down'),
    )
    if (!response.readableEnded) await once(response, 'end')
    expect(lines.filter((line) => line.includes('level=error'))).to.deep.equal([])
    await silent.close()
    await receiver.close()
  })
})
