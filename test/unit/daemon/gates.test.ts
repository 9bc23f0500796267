import { expect } from 'chai'
import { DaemonGates } from '../../../lib/daemon/gates.js'
import type { FailingGate } from '../../../lib/daemon/notifications.js'
import { systemClock } from '../../../lib/daemon/system-clock.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { eventually } from '../../support/eventually.js'
import { FakeClock } from '../../support/fake-clock.js'
import { FakeServer } from '../../support/fake-server.js'
import { EMBEDDED, settingsOf } from '../config/parse-helpers.js'

const BLACKOUT = `
[[lock.blackout]]
from = 2026-01-05
to = 2026-01-05
reason = "audit"
`
const WINDOW = `
[[lock.window]]
days = ["Tue"]
start_time = "00:00"
length_minutes = 60
`

describe('DaemonGates', () => {
  let clock: FakeClock
  let lines: readonly string[]
  let changes: number
  let failing: FailingGate[]
  let gates: DaemonGates

  beforeEach(() => {
    clock = new FakeClock(Date.UTC(2026, 0, 5, 12))
    changes = 0
    failing = []
    const collected = collectingEvents()
    lines = collected.lines
    gates = new DaemonGates(settingsOf(EMBEDDED + WINDOW + BLACKOUT), {
      clock,
      events: collected.events,
      onFailing: (gate) => failing.push(gate),
      onChange: () => (changes += 1),
    })
  })

  afterEach(() => gates.stop())

  const ask = () => gates.of('default')?.ask()

  it('reports gates as configured, and as not asked until they are', async () => {
    const never = { since: null, asked_at: null, reason: null }
    expect(gates.reportOf('default')).to.deep.equal([
      { gate: 'blackout', state: 'not_asked', ...never },
      { gate: 'reboot_window', state: 'not_asked', ...never },
    ])
    expect(gates.reportOf('another')).to.deep.equal([])
    await ask()
    await clock.advance(60_000)
    await ask()
    const asked = { since: '2026-01-05T12:00:00.000Z', asked_at: '2026-01-05T12:01:00.000Z' }
    expect(gates.reportOf('default')).to.deep.equal([
      {
        gate: 'blackout',
        state: 'closed',
        ...asked,
        reason: 'no reboots until 2026-01-06T00:00:00Z: audit',
      },
      {
        gate: 'reboot_window',
        state: 'closed',
        ...asked,
        reason: 'outside of the reboot windows; the next one opens at 2026-01-06T00:00:00Z',
      },
    ])
  })

  it('logs a change with the sentence that machines are answered', async () => {
    await ask()
    expect(lines.join('\n')).to.include('reason="no reboots until 2026-01-06T00:00:00Z: audit"')
  })

  it('tells of each gate that changes, once', async () => {
    await ask()
    await ask()
    expect(changes).to.equal(2)
    await clock.advance(12 * 60 * 60_000)
    await ask()
    expect(changes).to.equal(4)
    expect(gates.reportOf('default').map(({ state, reason }) => [state, reason])).to.deep.equal([
      ['open', null],
      ['open', null],
    ])
  })

  it('tells of a gate each time that it could not be asked', async () => {
    // Nobody listens there.
    gates.configure(settingsOf(`${EMBEDDED}\n[gates.prometheus]\nurl = "http://127.0.0.1:1"\n`))
    await ask()
    await ask()
    expect(failing.map(({ group, gate }) => [group, gate])).to.deep.equal([
      ['default', 'prometheus'],
      ['default', 'prometheus'],
    ])
  })

  it('forgets gates that a reload has removed', async () => {
    await ask()
    gates.configure(settingsOf(EMBEDDED + WINDOW))
    expect(gates.reportOf('default').map(({ gate }) => gate)).to.deep.equal(['reboot_window'])
  })

  describe('that are being asked at a reload, and are open on error', () => {
    const REMOTE = `
[gates.prometheus]
url = "http://127.0.0.1:1"
on_error = "allow"
`
    let server: FakeServer
    let metrics: ReturnType<typeof collectingEvents>['metrics']

    beforeEach(async () => {
      // No answer: the question is broken off.
      server = await FakeServer.start(() => undefined)
      const collected = collectingEvents()
      metrics = collected.metrics
      gates = new DaemonGates(
        settingsOf(EMBEDDED + REMOTE.replace('127.0.0.1:1', new URL(server.url).host)),
        {
          clock: systemClock,
          events: collected.events,
          onFailing: (gate) => failing.push(gate),
          onChange: () => undefined,
        },
      )
    })
    afterEach(() => server.close())

    it('open nothing, release no stale holder, and are not said to fail', async () => {
      const asked = gates.of('default')?.ask()
      const mayReleaseAsked = gates.mayRelease('default')
      await eventually(() => expect(server.requests).not.to.deep.equal([]))
      gates.configure(settingsOf(EMBEDDED))
      expect(await asked).to.include({ verdict: 'closed' })
      expect(await mayReleaseAsked).to.match(
        /cannot be asked: it is being stopped or configured anew$/,
      )
      expect(failing).to.deep.equal([])
      expect(await metrics.registry.metrics()).to.not.match(/airlock_gate_failing\{/)
    })
  })
})
