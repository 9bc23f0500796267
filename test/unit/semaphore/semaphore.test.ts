import { expect } from 'chai'
import fc from 'fast-check'
import { compareBytes } from '../../../lib/semaphore/compare-bytes.js'
import {
  createSemaphore,
  hasFreeSlot,
  isHolder,
  recursiveLock,
  setTotalSlots,
  unlockIfHeld,
  type Semaphore,
} from '../../../lib/semaphore/semaphore.js'

const ids = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 })

describe('Semaphore', () => {
  it('gives a free slot to a node', () => {
    const step = recursiveLock(createSemaphore(1), 'a')
    expect(step).to.deep.equal({
      outcome: 'acquired',
      semaphore: { totalSlots: 1, holders: ['a'] },
    })
  })

  it('keeps the slot of a node that locks again', () => {
    const semaphore: Semaphore = { totalSlots: 1, holders: ['a'] }
    expect(recursiveLock(semaphore, 'a')).to.deep.equal({ outcome: 'already-held', semaphore })
  })

  it('keeps the slot of a node that locks again although there are fewer slots than holders', () => {
    const semaphore: Semaphore = { totalSlots: 0, holders: ['a'] }
    expect(recursiveLock(semaphore, 'a').outcome).to.equal('already-held')
  })

  it('gives no slot when all are held', () => {
    const semaphore: Semaphore = { totalSlots: 1, holders: ['a'] }
    expect(recursiveLock(semaphore, 'b')).to.deep.equal({ outcome: 'full', semaphore })
  })

  it('gives no slot when there are none', () => {
    expect(recursiveLock(createSemaphore(0), 'a').outcome).to.equal('full')
  })

  it('takes back the slot of a holder', () => {
    const step = unlockIfHeld({ totalSlots: 2, holders: ['a', 'b'] }, 'a')
    expect(step).to.deep.equal({
      outcome: 'released',
      semaphore: { totalSlots: 2, holders: ['b'] },
    })
  })

  it('lets a node that holds nothing unlock', () => {
    const semaphore: Semaphore = { totalSlots: 1, holders: ['b'] }
    expect(unlockIfHeld(semaphore, 'a')).to.deep.equal({ outcome: 'not-held', semaphore })
  })

  it('takes nothing from anyone when the slots are lowered', () => {
    const lowered = setTotalSlots({ totalSlots: 2, holders: ['a', 'b'] }, 1)
    expect(lowered).to.deep.equal({ totalSlots: 1, holders: ['a', 'b'] })
    expect(hasFreeSlot(lowered)).to.equal(false)
  })

  it('never has more holders than slots after a grant, and keeps them sorted and unique', () => {
    const operation = fc.tuple(fc.constantFrom('lock', 'unlock', 'slots'), ids, fc.nat(3))
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
        let semaphore = createSemaphore(2)
        const model = new Set<string>()
        for (const [name, id, slots] of operations) {
          if (name === 'slots') semaphore = setTotalSlots(semaphore, slots)
          else if (name === 'unlock') {
            semaphore = unlockIfHeld(semaphore, id).semaphore
            model.delete(id)
          } else {
            const step = recursiveLock(semaphore, id)
            semaphore = step.semaphore
            if (step.outcome === 'acquired') {
              model.add(id)
              expect(semaphore.holders.length).to.be.at.most(semaphore.totalSlots)
            }
          }
          expect(semaphore.holders).to.deep.equal([...model].sort(compareBytes))
          expect(isHolder(semaphore, id)).to.equal(model.has(id))
        }
      }),
    )
  })
})

describe('compareBytes', () => {
  it('orders as the UTF-8 bytes do', () => {
    const text = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(text, text, (left, right) => {
        const expected = Buffer.compare(Buffer.from(left), Buffer.from(right))
        expect(Math.sign(compareBytes(left, right))).to.equal(expected)
      }),
    )
  })

  it('puts a surrogate pair behind the end of the basic plane', () => {
    expect(compareBytes('\u{1f512}', '\uffee')).to.be.greaterThan(0)
  })
})
