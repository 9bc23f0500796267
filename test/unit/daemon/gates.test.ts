import { expect } from 'chai'
import { DaemonGates } from '../../../lib/daemon/gates.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { FakeClock } from '../../support/fake-clock.js'
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
  let gates: DaemonGates

  beforeEach(() => {
    clock = new FakeClock(Date.UTC(2026, 0, 5, 12))
    changes = 0
    const collected = collectingEvents()
    lines = collected.lines
    gates = new DaemonGates(settingsOf(EMBEDDED + WINDOW + BLACKOUT), {
      clock,
      events: collected.events,
      onFailing: () => undefined,
      onChange: () => (changes += 1),
    })
  })

  afterEach(() => gates.stop())

  const ask = () => gates.of('default')?.ask(clock.now())

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

  it('forgets gates that a reload has removed', async () => {
    await ask()
    gates.configure(settingsOf(EMBEDDED + WINDOW))
    expect(gates.reportOf('default').map(({ gate }) => gate)).to.deep.equal(['reboot_window'])
  })
})
