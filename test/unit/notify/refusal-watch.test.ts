import { expect } from 'chai'
import type { Outcome } from '../../../lib/lock/batch.js'
import { PATIENT_CLIENT } from '../../../lib/lock/pending-request.js'
import { MAX_REFUSED_MACHINES, RefusedMachines } from '../../../lib/lock/refused-machines.js'
import { RefusalWatch } from '../../../lib/notify/refusal-watch.js'
import { FakeClock } from '../../support/fake-clock.js'

const MINUTE_MS = 60_000
const FULL: Outcome = {
  outcome: 'refused',
  refusal: { kind: 'semaphore_full', totalSlots: 1, holders: 1 },
}

function createWatch() {
  const clock = new FakeClock()
  const told: string[] = []
  const watch = new RefusalWatch(60, ({ identity, forMs, refusal }) =>
    told.push(`${identity.id} ${forMs / MINUTE_MS} ${refusal.kind}`),
  )
  const machines = new RefusedMachines({
    clock,
    onRefused: (machine) => watch.note(machine),
    onGone: () => undefined,
  })
  let outcome: Outcome = FULL
  const locks = machines.watch({
    lock: () => Promise.resolve(outcome),
    unlock: () => Promise.resolve({ outcome: 'released' }),
  })
  const ask = (id: string, answer = FULL): Promise<Outcome> => {
    outcome = answer
    return locks.lock({ group: 'g', id }, PATIENT_CLIENT)
  }
  /** As Zincati does, every five minutes. */
  const askFor = async (minutes: number, id = 'a'): Promise<void> => {
    for (let passed = 0; passed < minutes; passed += 5) {
      await ask(id)
      await clock.advance(5 * MINUTE_MS)
    }
  }
  return { clock, told, watch, locks, ask, askFor }
}

describe('RefusalWatch', () => {
  it('tells of each refusal of a machine from the limit on', async () => {
    const { told, askFor } = createWatch()
    await askFor(60)
    expect(told).to.deep.equal([])
    await askFor(15)
    expect(told).to.deep.equal([
      'a 60 semaphore_full',
      'a 65 semaphore_full',
      'a 70 semaphore_full',
    ])
  })

  it('begins anew after a grant', async () => {
    const { told, ask, askFor } = createWatch()
    await askFor(55)
    await ask('a', { outcome: 'acquired' })
    await askFor(55)
    expect(told).to.deep.equal([])
  })

  it('begins anew after a steady-state, and after an hour of silence', async () => {
    const { clock, told, locks, askFor } = createWatch()
    await askFor(55)
    await locks.unlock({ group: 'g', id: 'a' }, PATIENT_CLIENT)
    await askFor(55)
    await clock.advance(60 * MINUTE_MS)
    await askFor(5)
    expect(told).to.deep.equal([])
  })

  it('does not count refusals that say nothing', async () => {
    const { clock, told, ask } = createWatch()
    for (let round = 0; round < 30; round++) {
      await ask('a', { outcome: 'refused', refusal: { kind: 'shutting_down' } })
      await clock.advance(5 * MINUTE_MS)
    }
    expect(told).to.deep.equal([])
  })

  it('forgets the machine that has been silent for longest when there are too many', async () => {
    const { clock, told, ask } = createWatch()
    await ask('a')
    for (let index = 0; index < MAX_REFUSED_MACHINES; index++) await ask(`m${index}`)
    await clock.advance(59 * MINUTE_MS)
    await ask('a')
    await clock.advance(2 * MINUTE_MS)
    await ask('a')
    expect(told).to.deep.equal([])
  })

  it('obeys another limit after a reload', async () => {
    const { told, watch, askFor } = createWatch()
    watch.configure(10)
    await askFor(15)
    expect(told).to.deep.equal(['a 10 semaphore_full'])
  })
})
