import { expect } from 'chai'
import fc from 'fast-check'
import { decideBatch, MAX_CHANGED_IDS, type BatchRequest } from '../../../lib/lock/batch.js'
import { isHolder, type Semaphore } from '../../../lib/semaphore/semaphore.js'

const lock = (id: string): BatchRequest => ({ operation: 'lock', id })
const unlock = (id: string): BatchRequest => ({ operation: 'unlock', id })
const names = (semaphore: Semaphore, requests: readonly BatchRequest[]) =>
  decideBatch(semaphore, requests).outcomes.map((it) =>
    it?.outcome === 'refused' ? it.refusal.kind : it?.outcome,
  )

describe('decideBatch', () => {
  it('grants in the order of arrival while slots are free', () => {
    const decision = decideBatch({ totalSlots: 2, holders: [] }, [lock('c'), lock('a'), lock('b')])
    expect(decision).to.deep.equal({
      semaphore: { totalSlots: 2, holders: ['a', 'c'] },
      outcomes: [
        { outcome: 'acquired' },
        { outcome: 'acquired' },
        { outcome: 'refused', refusal: { kind: 'semaphore_full', totalSlots: 2, holders: 2 } },
      ],
      asking: [],
      granted: ['c', 'a'],
      released: [],
    })
  })

  it('grants a slot that is given back later in the same batch', () => {
    const before = { totalSlots: 1, holders: ['a'] }
    const decision = decideBatch(before, [lock('b'), unlock('a')])
    expect(decision.outcomes).to.deep.equal([{ outcome: 'acquired' }, { outcome: 'released' }])
    expect(decision.semaphore.holders).to.deep.equal(['b'])
  })

  it('answers holders although all slots are held', () => {
    expect(names({ totalSlots: 1, holders: ['a', 'b'] }, [lock('b'), lock('a')])).to.deep.equal([
      'already-held',
      'already-held',
    ])
  })

  it('returns the same semaphore when nothing changes', () => {
    const before = { totalSlots: 1, holders: ['a'] }
    const decision = decideBatch(before, [lock('a'), unlock('b'), lock('c')])
    expect(decision.semaphore).to.equal(before)
  })

  it('has no net effect when a machine releases and locks again', () => {
    const before = { totalSlots: 1, holders: ['a'] }
    const decision = decideBatch(before, [unlock('a'), lock('a')])
    expect(decision.outcomes).to.deep.equal([{ outcome: 'released' }, { outcome: 'acquired' }])
    expect(decision.semaphore).to.equal(before)
    expect([decision.granted, decision.released]).to.deep.equal([[], []])
  })

  it('grants nothing in a batch that releases, where the group rests after that', () => {
    const before = { totalSlots: 2, holders: ['a'] }
    const afterRelease = { kind: 'cooldown' as const, seconds: 60, until: 'soon' }
    const kinds = (requests: readonly BatchRequest[]) =>
      decideBatch(before, requests, { afterRelease }).outcomes.map((it) =>
        it?.outcome === 'refused' ? it.refusal.kind : it?.outcome,
      )
    expect(kinds([lock('b'), unlock('a')])).to.deep.equal(['cooldown', 'released'])
    expect(kinds([lock('b'), unlock('c')])).to.deep.equal(['acquired', 'not-held'])
  })

  it('grants nobody ahead of a machine whose gates are still to be asked', () => {
    const before = { totalSlots: 2, holders: [] }
    const requests = [lock('a'), { ...lock('b'), verdict: 'open' as const }]
    const decision = decideBatch(before, requests, { hasGates: true })
    expect([decision.asking, decision.granted]).to.deep.equal([[0, 1], []])
  })

  it('grants nothing to a machine that others wait ahead of, and confirms a holder', () => {
    const before = { totalSlots: 2, holders: ['a'] }
    const behind = [lock('a'), lock('b')].map((request) => ({ ...request, isBehind: true }))
    expect(names(before, behind)).to.deep.equal(['already-held', 'semaphore_full'])
  })

  it('withdraws a pre-reboot that the same machine has given up', () => {
    const decision = decideBatch({ totalSlots: 1, holders: [] }, [lock('a'), unlock('a')])
    expect(decision.outcomes).to.deep.equal([
      { outcome: 'refused', refusal: { kind: 'withdrawn' } },
      { outcome: 'not-held' },
    ])
    expect(decision.semaphore.holders).to.deep.equal([])
  })

  it('releases a holder that confirmed its slot just before', () => {
    expect(names({ totalSlots: 1, holders: ['a'] }, [lock('a'), unlock('a')])).to.deep.equal([
      'already-held',
      'released',
    ])
  })

  it('answers a machine that asks twice at once twice', () => {
    const decision = decideBatch({ totalSlots: 1, holders: [] }, [lock('a'), lock('a')])
    expect(decision.outcomes).to.deep.equal([{ outcome: 'acquired' }, { outcome: 'already-held' }])
    expect(decision.granted).to.deep.equal(['a'])
  })

  it('leaves changes beyond the bound of a transaction to the next batch, in order', () => {
    const requests = Array.from({ length: MAX_CHANGED_IDS + 2 }, (_, index) => lock(`m${index}`))
    const decision = decideBatch({ totalSlots: 1000, holders: [] }, requests)
    expect(decision.granted).to.have.length(MAX_CHANGED_IDS)
    expect(decision.outcomes.slice(0, MAX_CHANGED_IDS).every((it) => it !== undefined)).to.equal(
      true,
    )
    expect(decision.outcomes.slice(MAX_CHANGED_IDS)).to.deep.equal([undefined, undefined])
  })

  it('leaves all further requests of a machine to the next batch once one of them is left', () => {
    const holders = Array.from({ length: MAX_CHANGED_IDS + 1 }, (_, index) => `m${1000 + index}`)
    const requests = [...holders.map(unlock), lock(holders.at(-1) ?? '')]
    const { outcomes } = decideBatch({ totalSlots: 1000, holders }, requests)
    expect(outcomes.slice(-2)).to.deep.equal([undefined, undefined])
  })

  it('answers any number of requests that change nothing', () => {
    const requests = Array.from({ length: 1000 }, (_, index) => unlock(`m${index}`))
    const { outcomes } = decideBatch({ totalSlots: 1, holders: ['a'] }, requests)
    expect(outcomes.every((it) => it?.outcome === 'not-held')).to.equal(true)
  })

  it('explains every answer by some order of the requests, and never overfills', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e')
    const request = fc.record({
      operation: fc.constantFrom('lock' as const, 'unlock' as const),
      id,
    })
    const before = fc.record({ totalSlots: fc.nat(3), holders: fc.subarray(['a', 'b', 'c', 'd']) })
    fc.assert(
      fc.property(before, fc.array(request, { maxLength: 12 }), (semaphore, requests) => {
        const decision = decideBatch(semaphore, requests)
        const { holders } = decision.semaphore
        const bound = Math.max(semaphore.totalSlots, semaphore.holders.length)
        expect(holders.length).to.be.at.most(bound)
        if (decision.granted.length > 0) {
          expect(holders.length).to.be.at.most(semaphore.totalSlots)
        }
        expectEachMachinesOrder(semaphore, requests, decision)
      }),
    )
  })
})

/** A machine's own requests, taken in their order, must lead from its state before to that after. */
function expectEachMachinesOrder(
  before: Semaphore,
  requests: readonly BatchRequest[],
  { outcomes, semaphore }: ReturnType<typeof decideBatch>,
): void {
  const holding = new Set(before.holders)
  for (const [index, { id }] of requests.entries()) {
    const outcome = outcomes[index]?.outcome
    if (outcome === 'acquired') holding.add(id)
    if (outcome === 'already-held') expect(holding.has(id)).to.equal(true)
    if (outcome === 'released') expect(holding.delete(id)).to.equal(true)
    if (outcome === 'not-held') expect(holding.has(id)).to.equal(false)
    if (outcome === 'refused') expect(holding.has(id)).to.equal(false)
  }
  for (const id of ['a', 'b', 'c', 'd', 'e']) {
    expect(isHolder(semaphore, id)).to.equal(holding.has(id))
  }
}
