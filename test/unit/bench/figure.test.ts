import { expect } from 'chai'
import { isMet, ratioOf, type Figure } from '../../../bench/figure.js'

const FIGURE: Figure = { scenario: 'churn', name: 'requests', unit: '/s', airlock: 60 }

describe("the benchmark's figures", () => {
  it('have no ratio without a reference, and are neither met nor missed without a target', () => {
    expect(ratioOf(FIGURE)).to.equal(undefined)
    expect(isMet(FIGURE)).to.equal(undefined)
  })

  it('are judged by their ratio, or by themselves, as the target says', () => {
    const figure = { ...FIGURE, reference: { name: 'store-less app', value: 100 } }
    expect(isMet({ ...figure, target: { of: 'ratio', atLeast: 0.6 } })).to.equal(true)
    expect(isMet({ ...figure, target: { of: 'ratio', atLeast: 0.61 } })).to.equal(false)
    expect(isMet({ ...figure, target: { of: 'value', atMost: 60 } })).to.equal(true)
    expect(isMet({ ...figure, target: { of: 'value', atMost: 59 } })).to.equal(false)
  })

  it('are missed where nothing was measured', () => {
    expect(isMet({ ...FIGURE, airlock: NaN, target: { of: 'value', atMost: 1 } })).to.equal(false)
    expect(isMet({ ...FIGURE, target: { of: 'ratio', atLeast: 0 } })).to.equal(false)
  })
})
