import { expect } from 'chai'
import { delay } from '../../../lib/calendar/clock.js'
import { FakeClock } from '../../support/fake-clock.js'

describe('FakeClock', () => {
  it('runs what is due in order, ties as scheduled, each at its own time', async () => {
    const clock = new FakeClock(1_000)
    const calls: [string, number][] = []
    for (const [name, delayMs] of [
      ['c', 30],
      ['a', 10],
      ['b', 10],
      ['late', 31],
    ] as const) {
      clock.schedule(delayMs, () => calls.push([name, clock.now()]))
    }
    await clock.advance(30)
    expect(calls).to.deep.equal([
      ['a', 1_010],
      ['b', 1_010],
      ['c', 1_030],
    ])
    expect(clock.pending).to.equal(1)
  })

  it('lets a chain of promises schedule what falls due in the same advance', async () => {
    const clock = new FakeClock()
    let rounds = 0
    const loop = (async () => {
      while (rounds < 3) {
        await delay(clock, 10)
        await Promise.resolve()
        rounds += 1
      }
    })()
    await clock.advance(30)
    expect(rounds).to.equal(3)
    await loop
  })

  it('runs nothing that was cancelled', async () => {
    const clock = new FakeClock()
    const cancel = clock.schedule(1, () => expect.fail('was cancelled'))
    cancel()
    cancel()
    await clock.advance(10)
  })

  it('moves the wall clock without touching durations and timers', async () => {
    const clock = new FakeClock(0)
    let calls = 0
    clock.schedule(10, () => (calls += 1))
    clock.jumpTo(86_400_000)
    await clock.advance(9)
    expect([clock.now(), clock.monotonic(), calls]).to.deep.equal([86_400_009, 9, 0])
    await clock.advance(1)
    expect(calls).to.equal(1)
  })
})
