import { expect } from 'chai'
import type { Outcome } from '../../../lib/lock/batch.js'
import { PATIENT_CLIENT } from '../../../lib/lock/pending-request.js'
import { MAX_REFUSED_MACHINES, RefusedMachines } from '../../../lib/lock/refused-machines.js'
import type { Refusal } from '../../../lib/semaphore/refusal.js'
import { FakeClock } from '../../support/fake-clock.js'

const MINUTE_MS = 60_000
const FULL: Refusal = { kind: 'semaphore_full', totalSlots: 1, holders: 1 }

function createRefusals() {
  const clock = new FakeClock()
  let changes = 0
  const refusals = new RefusedMachines({
    clock,
    onRefused: () => (changes += 1),
    onGone: () => (changes += 1),
  })
  let next: Outcome
  const clients: unknown[] = []
  const locks = refusals.watch({
    lock: (_, client) => {
      clients.push(client)
      return Promise.resolve(next)
    },
    unlock: (_, client) => {
      clients.push(client)
      return Promise.resolve({ outcome: 'released' })
    },
  })
  const ask = (id: string, answer: Refusal | 'acquired' | 'already-held' = FULL) => {
    next =
      typeof answer === 'string'
        ? { outcome: answer }
        : { outcome: 'refused' as const, refusal: answer }
    return locks.lock({ group: 'g', id }, PATIENT_CLIENT)
  }
  const release = (id: string) => locks.unlock({ group: 'g', id }, PATIENT_CLIENT)
  const listed = (): string =>
    refusals
      .list()
      .map(({ identity, refusal, since, at }) => {
        const minutes = [since, at].map((instant) => (instant - START) / MINUTE_MS)
        return `${identity.id} ${refusal.kind} ${minutes.join('-')}`
      })
      .join(', ')
  const START = clock.now()
  return { clock, ask, release, listed, clients, changes: () => changes, refusals }
}

describe('RefusedMachines', () => {
  it('lists who was refused, since when, when last and why, the last one first', async () => {
    const { clock, ask, listed } = createRefusals()
    await ask('a')
    await clock.advance(5 * MINUTE_MS)
    await ask('b')
    await clock.advance(5 * MINUTE_MS)
    await ask('a', { kind: 'cooldown', seconds: 60, until: null })
    expect(listed()).to.equal('a cooldown 0-10, b semaphore_full 5-5')
  })

  it('counts for how long one has been refused by the time that has passed, not by the clock', async () => {
    const { clock, ask, refusals } = createRefusals()
    await ask('a')
    await clock.advance(5 * MINUTE_MS)
    clock.jumpTo(clock.now() + 3_600_000)
    await ask('a')
    expect(refusals.list().map(({ forMs }) => forMs)).to.deep.equal([5 * MINUTE_MS])
  })

  for (const answer of ['acquired', 'already-held'] as const) {
    it(`forgets who has ${answer}`, async () => {
      const { clock, ask, listed } = createRefusals()
      await ask('a')
      await ask('a', answer)
      expect(listed()).to.equal('')
      await clock.advance(MINUTE_MS)
      await ask('a')
      expect(listed()).to.equal('a semaphore_full 1-1')
    })
  }

  it('forgets who reports a steady state', async () => {
    const { ask, release, listed } = createRefusals()
    await ask('a')
    await release('a')
    expect(listed()).to.equal('')
  })

  it('forgets who has not asked for an hour', async () => {
    const { clock, ask, listed } = createRefusals()
    await ask('a')
    await clock.advance(60 * MINUTE_MS - 1)
    expect(listed()).to.equal('a semaphore_full 0-0')
    await clock.advance(1)
    expect(listed()).to.equal('')
    await ask('a')
    expect(listed()).to.equal('a semaphore_full 60-60')
  })

  it('passes over what says nothing of a wish for a slot', async () => {
    const { ask, listed, changes } = createRefusals()
    await ask('a', { kind: 'unknown_group', group: 'g' })
    await ask('b', { kind: 'withdrawn' })
    await ask('c', { kind: 'shutting_down' })
    expect([listed(), changes()]).to.deep.equal(['', 0])
  })

  it('remembers a bounded number of machines, those that asked last', async () => {
    const { ask, refusals } = createRefusals()
    for (let n = 0; n < MAX_REFUSED_MACHINES; n += 1) await ask(`m${n}`)
    await ask('m0')
    await ask('one-more')
    const ids = refusals.list().map(({ identity }) => identity.id)
    expect([ids.length, ids[0], ids[1], ids.at(-1)]).to.deep.equal([
      MAX_REFUSED_MACHINES,
      'one-more',
      'm0',
      'm2',
    ])
  })

  it('tells of each refusal, and of each machine that is forgotten by what it does', async () => {
    const { ask, release, changes } = createRefusals()
    await ask('a')
    await ask('a')
    await ask('a', 'acquired')
    await ask('a', 'already-held')
    await release('a')
    expect(changes()).to.equal(3)
  })

  it('hands the client on', async () => {
    const { ask, release, clients } = createRefusals()
    await ask('a')
    await release('a')
    expect(clients).to.deep.equal([PATIENT_CLIENT, PATIENT_CLIENT])
  })
})
