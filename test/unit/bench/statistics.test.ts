import { expect } from 'chai'
import { median, percentile, spread } from '../../../bench/statistics.js'

describe("the benchmark's statistics", () => {
  it('takes the middle of an odd number of figures, whatever their order', () => {
    expect(median([9, 10, 1])).to.equal(9)
  })

  it('takes the mean of the two in the middle of an even number', () => {
    expect(median([4, 1, 3, 2])).to.equal(2.5)
  })

  it('has no median of nothing', () => {
    expect(median([])).to.satisfy(Number.isNaN)
  })

  it('takes percentiles by the nearest rank', () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index)
    expect(percentile(values, 50)).to.equal(100)
    expect(percentile(values, 99)).to.equal(198)
    expect(percentile(values, 100)).to.equal(200)
    expect(percentile(values, 0)).to.equal(1)
  })

  it('takes the only figure for every percentile', () => {
    expect(percentile([7], 1)).to.equal(7)
    expect(percentile([7], 99)).to.equal(7)
  })

  it('measures the spread from the least to the greatest, by the median', () => {
    expect(spread([90, 100, 120])).to.equal(0.3)
    expect(spread([5])).to.equal(0)
  })
})
