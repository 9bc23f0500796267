import { expect } from 'chai'
import { SharedAnswer } from '../../../lib/status/shared-answer.js'
import { FakeClock } from '../../support/fake-clock.js'

describe('SharedAnswer', () => {
  let clock: FakeClock
  let made: number
  let finish: (() => void) | undefined
  let answer: SharedAnswer<number>

  beforeEach(() => {
    clock = new FakeClock()
    made = 0
    finish = undefined
    answer = new SharedAnswer({
      clock,
      freshForMs: 500,
      make: async () => {
        const number = (made += 1)
        if (finish !== undefined) await new Promise<void>((resolve) => (finish = resolve))
        return number
      },
    })
  })

  it('is made once for many who ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => answer.get()))
    expect(new Set(answers)).to.deep.equal(new Set([1]))
  })

  it('stands for half a second', async () => {
    await answer.get()
    await clock.advance(499)
    expect(await answer.get()).to.equal(1)
    await clock.advance(1)
    expect(await answer.get()).to.equal(2)
  })

  it('stands for a moment only once it is outdated', async () => {
    await answer.get()
    answer.outdate()
    await clock.advance(199)
    expect(await answer.get()).to.equal(1)
    await clock.advance(1)
    expect(await answer.get()).to.equal(2)
    expect(answer.isOutdated).to.equal(false)
  })

  it('is not made a second time while it takes long', async () => {
    finish = () => undefined
    const first = answer.get()
    await clock.advance(10_000)
    answer.outdate()
    const second = answer.get()
    finish()
    expect(await Promise.all([first, second])).to.deep.equal([1, 1])
    expect(answer.isOutdated).to.equal(true)
  })
})
