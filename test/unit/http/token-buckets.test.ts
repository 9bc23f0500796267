import { expect } from 'chai'
import { TokenBuckets } from '../../../lib/http/token-buckets.js'
import { FakeClock } from '../../support/fake-clock.js'

describe('TokenBuckets', () => {
  let clock: FakeClock
  let buckets: TokenBuckets

  beforeEach(() => {
    clock = new FakeClock()
    buckets = new TokenBuckets(clock, { capacity: 3, perMinute: 6 })
  })

  const takeUntilRefused = (key: string): number => {
    let taken = 0
    while (buckets.take(key)) taken += 1
    return taken
  }

  it('gives as many at once as it has', () => {
    expect(takeUntilRefused('a')).to.equal(3)
    expect(buckets.has('a')).to.equal(false)
  })

  it('keeps keys apart', () => {
    takeUntilRefused('a')
    expect(takeUntilRefused('b')).to.equal(3)
  })

  it('fills up steadily, and not beyond its capacity', async () => {
    takeUntilRefused('a')
    await clock.advance(9_999)
    expect(buckets.has('a')).to.equal(false)
    await clock.advance(1)
    expect(takeUntilRefused('a')).to.equal(1)
    await clock.advance(3_600_000)
    expect(takeUntilRefused('a')).to.equal(3)
  })

  it('is not moved by the wall clock', () => {
    takeUntilRefused('a')
    clock.jumpTo(Date.UTC(2030, 0))
    expect(buckets.take('a')).to.equal(false)
  })

  it('takes nothing by looking, and remembers nobody for it', () => {
    for (let i = 0; i < 100; i += 1) expect(buckets.has('a')).to.equal(true)
    expect(buckets.size).to.equal(0)
  })

  it('remembers 10000 keys, of which the one used longest ago makes room', () => {
    takeUntilRefused('first')
    takeUntilRefused('second')
    for (let i = 0; i < 9_998; i += 1) buckets.take(`k${i}`)
    expect(buckets.size).to.equal(10_000)
    buckets.take('one more')
    expect(buckets.size).to.equal(10_000)
    expect(buckets.has('first')).to.equal(true)
    expect(buckets.has('second')).to.equal(false)
  })
})
