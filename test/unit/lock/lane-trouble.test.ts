import { expect } from 'chai'
import { LaneTrouble } from '../../../lib/lock/lane-trouble.js'
import { StoreError } from '../../../lib/store/store-error.js'
import { collectingEvents } from '../../support/collecting-events.js'

function createTrouble() {
  const { events, lines } = collectingEvents()
  return { trouble: new LaneTrouble('g', events), lines }
}

describe("a lane's trouble", () => {
  it('needs no fence after an error by which surely nothing was committed', () => {
    const { trouble, lines } = createTrouble()
    expect(trouble.noteStoreError(new StoreError('unavailable', 'nothing listens'))).to.equal(false)
    expect(trouble.isUnsettled).to.equal(false)
    expect(lines).to.deep.equal([])
    expect(trouble.refusal).to.deep.equal({ kind: 'store_unavailable', reason: 'nothing listens' })
  })

  for (const error of [
    new StoreError('unknown', 'etcd did not answer in time'),
    // None of a store's, so it says nothing about what was sent.
    new TypeError('undefined is not a function'),
    'thrown without an Error',
  ]) {
    it(`lasts until a fence, whatever else happens, after: ${String(error)}`, () => {
      const { trouble, lines } = createTrouble()
      expect(trouble.noteStoreError(error)).to.equal(true)
      trouble.noteStoreError(new StoreError('unavailable', 'nothing listens'))
      trouble.noteConflict(1)
      trouble.over()
      expect(trouble.isUnsettled).to.equal(true)
      trouble.fenced()
      expect(trouble.isUnsettled).to.equal(false)
      expect(lines.filter((line) => line.includes('fenc'))).to.have.length(2)
    })
  }
})
