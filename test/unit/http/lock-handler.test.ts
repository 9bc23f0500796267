import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect } from 'chai'
import { CredentialsGate, type Admission } from '../../../lib/http/credentials-gate.js'
import { Door } from '../../../lib/http/door.js'
import { LockExchange } from '../../../lib/http/lock-handler.js'
import { Standstill } from '../../../lib/http/standstill.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { FakeClock } from '../../support/fake-clock.js'

const CLOCK = new FakeClock()

/** A gate that says the same to everybody. */
class FixedGate extends CredentialsGate {
  readonly #admission: Admission

  constructor(admission: Admission) {
    super(undefined, { clock: CLOCK, comparer: { compare: () => Promise.resolve(false) } })
    this.#admission = admission
  }

  override check(): Promise<Admission> {
    return Promise.resolve(this.#admission)
  }
}

describe('LockExchange', () => {
  /** Whether a request is let in, and how it has been answered. */
  async function admit(admission: Admission) {
    const settings = { trustedProxies: [], maxRequestsPerMinute: 0, groups: [] }
    const { events, metrics } = collectingEvents()
    const request = new IncomingMessage(new Socket())
    const response = new ServerResponse(request)
    const exchange = new LockExchange('pre_reboot', '192.0.2.1', response, {
      manager: { lock: nobody, unlock: nobody },
      door: new Door(settings, new FixedGate(admission), CLOCK),
      events,
      clock: CLOCK,
      standstill: new Standstill(CLOCK, () => 0),
    })
    const isIn = await exchange.admit(request)
    const { values } = await metrics.credentialsRefused.get()
    const reasons = values.map(({ labels, value }) => [labels.reason, value])
    return { isIn, status: response.writableEnded ? response.statusCode : undefined, reasons }
  }

  it('goes on with who is let in', async () => {
    const expected = { isIn: true, status: undefined, reasons: [] }
    expect(await admit({ user: 'web' })).to.deep.equal(expected)
    expect(await admit({ user: undefined })).to.deep.equal(expected)
  })

  for (const [refusal, status] of [
    ['missing', 401],
    ['wrong', 401],
    ['limited', 429],
    ['busy', 429],
    ['gone', 408],
  ] as const) {
    it(`answers and counts whose credentials are refused as ${refusal}, and ends there`, async () => {
      const answered = await admit({ refusal })
      expect(answered).to.deep.equal({ isIn: false, status, reasons: [[refusal, 1]] })
    })
  }
})

function nobody(): never {
  throw new Error('nobody is let in')
}
