import { expect } from 'chai'
import type { Gate, GateName, Verdict } from '../../../lib/gates/gate.js'
import { GateChain, type GateReport, type GatesByCost } from '../../../lib/gates/gate-chain.js'
import { GateStates } from '../../../lib/gates/gate-states.js'
import { FakeClock } from '../../support/fake-clock.js'

const OPEN: Verdict = { verdict: 'open' }
const FIRING: Verdict = {
  verdict: 'closed',
  refusal: { kind: 'alerts_firing', alerts: ['Down'] },
}
const OUTSIDE: Verdict = {
  verdict: 'closed',
  refusal: { kind: 'outside_reboot_window', opensAt: 'later' },
  opensAt: 7,
}
const FAILING: Verdict = {
  verdict: 'closed',
  refusal: { kind: 'check_failing', check: 'c', reason: 'r' },
}
const TROUBLED: Verdict = { verdict: 'open', trouble: 'gone' }
const ERROR: Verdict = {
  verdict: 'closed',
  refusal: { kind: 'gate_error', gate: 'prometheus', reason: 'gone' },
}

class FakeGate implements Gate {
  asked: (readonly [group: string, now: number])[] = []
  readonly name: GateName
  readonly #answer: () => Promise<Verdict>

  constructor(name: GateName, answer: Verdict | (() => Promise<Verdict>)) {
    this.name = name
    this.#answer = typeof answer === 'function' ? answer : () => Promise.resolve(answer)
  }

  ask(group: string, now: number): Promise<Verdict> {
    this.asked.push([group, now])
    return this.#answer()
  }
}

describe('GateChain', () => {
  const reports: GateReport[] = []
  let clock: FakeClock
  beforeEach(() => {
    reports.splice(0)
    clock = new FakeClock(5)
  })
  const chain = (gates: Partial<GatesByCost>): GateChain =>
    new GateChain(
      'a',
      { local: [], remote: [], ...gates },
      { clock, onVerdict: (report) => reports.push(report) },
    )

  it('is open when all gates are, and when there are none', async () => {
    expect(await chain({}).ask()).to.deep.equal(OPEN)
    const gates = [new FakeGate('prometheus', OPEN), new FakeGate('http', TROUBLED)]
    expect(await chain({ remote: gates }).ask()).to.deep.equal(OPEN)
    expect(reports).to.deep.equal([
      { group: 'a', gate: 'prometheus', askedAt: 5, verdict: OPEN },
      { group: 'a', gate: 'http', askedAt: 5, verdict: TROUBLED },
    ])
  })

  it('does not ask over the network when a gate here is closed', async () => {
    const remote = new FakeGate('prometheus', FIRING)
    const local = [new FakeGate('blackout', OPEN), new FakeGate('reboot_window', OUTSIDE)]
    const verdict = await chain({ local, remote: [remote] }).ask()
    expect(verdict).to.deep.equal({ ...OUTSIDE, gate: 'reboot_window' })
    expect(remote.asked).to.deep.equal([])
    expect(local[0]?.asked).to.deep.equal([['a', 5]])
  })

  it('asks over the network at the same time, and names the first in order', async () => {
    let open: (verdict: Verdict) => void = () => undefined
    const slow = new FakeGate('prometheus', () => new Promise((resolve) => (open = resolve)))
    const fast = new FakeGate('http', FAILING)
    const answer = chain({ remote: [slow, fast] }).ask()
    await new Promise((resolve) => setImmediate(resolve))
    expect(fast.asked).to.have.length(1)
    open(FIRING)
    expect(await answer).to.deep.equal({ ...FIRING, gate: 'prometheus' })
  })

  it('asks here once more after the network: a window may have ended meanwhile', async () => {
    let open: (verdict: Verdict) => void = () => undefined
    const slow = new FakeGate('prometheus', () => new Promise((resolve) => (open = resolve)))
    const window = new FakeGate('reboot_window', () =>
      Promise.resolve(clock.now() < 1000 ? OPEN : OUTSIDE),
    )
    const answer = chain({ local: [window], remote: [slow] }).ask()
    await clock.advance(2000)
    open(OPEN)
    expect(await answer).to.deep.equal({ ...OUTSIDE, gate: 'reboot_window' })
  })

  it('asks one gate alone where it is told to', async () => {
    const local = [new FakeGate('reboot_window', OUTSIDE)]
    const gates = chain({ local, remote: [new FakeGate('prometheus', FIRING)] })
    expect(await gates.askOnly('prometheus')).to.deep.equal({ ...FIRING, gate: 'prometheus' })
    expect(await gates.askOnly('http')).to.deep.equal(OPEN)
    expect(gates.names).to.deep.equal(['reboot_window', 'prometheus'])
  })

  it('is closed by a gate that breaks', async () => {
    const broken = new FakeGate('http', () => Promise.reject(new Error('boom')))
    expect(await chain({ remote: [broken] }).ask()).to.deep.equal({
      verdict: 'closed',
      refusal: { kind: 'gate_error', gate: 'http', reason: 'boom' },
      gate: 'http',
    })
  })
})

describe('GateStates', () => {
  let changes: string[]
  let states: GateStates
  beforeEach(() => {
    changes = []
    states = new GateStates((state, before) =>
      changes.push(`${before?.state ?? 'new'} > ${state.state} at ${state.since}`),
    )
  })
  const note = (askedAt: number, verdict: Verdict, group = 'a'): void =>
    states.note({ group, gate: 'prometheus', askedAt, verdict })

  it('tells of changes only, and remembers since when', () => {
    note(1, OPEN)
    note(2, OPEN)
    note(3, FIRING)
    note(4, FIRING)
    note(5, ERROR)
    note(6, TROUBLED)
    expect(changes).to.deep.equal([
      'new > open at 1',
      'open > closed at 3',
      'closed > error at 5',
      'error > ignored_error at 6',
    ])
    expect(states.list()).to.deep.equal([
      {
        group: 'a',
        gate: 'prometheus',
        state: 'ignored_error',
        since: 6,
        askedAt: 6,
        trouble: 'gone',
      },
    ])
  })

  it('keeps what was said last in the state, with the refusal', () => {
    note(1, FIRING)
    note(9, FIRING)
    expect(states.list()).to.deep.equal([
      {
        group: 'a',
        gate: 'prometheus',
        state: 'closed',
        since: 1,
        askedAt: 9,
        refusal: { kind: 'alerts_firing', alerts: ['Down'] },
      },
    ])
  })

  it('goes on where the wall clock has been put back', () => {
    note(5, OPEN)
    note(4, FIRING)
    expect(states.list()[0]?.state).to.equal('closed')
  })

  it('forgets gates that are gone', () => {
    note(1, OPEN)
    note(1, FIRING, 'b')
    expect(states.keepOnly((group) => group === 'a').map(({ group }) => group)).to.deep.equal(['b'])
    expect(states.list().map(({ group }) => group)).to.deep.equal(['a'])
  })
})
