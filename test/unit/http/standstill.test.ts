import { expect } from 'chai'
import type { Clock } from '../../../lib/calendar/clock.js'
import { Standstill } from '../../../lib/http/standstill.js'

/** Time that passes without a timer being run, as for a process that is stopped. */
class StoppedClock implements Clock {
  elapsedMs = 0
  pending: (() => void) | undefined

  now(): number {
    return this.elapsedMs
  }

  monotonic(): number {
    return this.elapsedMs
  }

  schedule(_delayMs: number, callback: () => void): () => void {
    this.pending = callback
    return () => {
      if (this.pending === callback) this.pending = undefined
    }
  }

  /** Lets time pass in steps after each of which the timer runs. */
  live(ms: number, stepMs = 250): void {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.elapsedMs += stepMs
      this.pending?.()
    }
  }
}

describe('Standstill', () => {
  let clock: StoppedClock
  let standstill: Standstill
  let processorMs: number

  beforeEach(() => {
    clock = new StoppedClock()
    processorMs = 0
    standstill = new Standstill(clock, () => processorMs)
    clock.elapsedMs = 60_000
    standstill.start()
  })

  it('is none while the timer runs in time, or a little late', () => {
    clock.live(10_000)
    clock.live(4_000, 400)
    expect(standstill.mayHaveOldRequests()).to.equal(false)
  })

  it('is known before the timer that is overdue has run, and for five seconds after', () => {
    clock.live(1_000)
    clock.elapsedMs += 600
    expect(standstill.mayHaveOldRequests()).to.equal(true)
    clock.live(4_500)
    expect(standstill.mayHaveOldRequests()).to.equal(true)
    clock.live(1_000)
    expect(standstill.mayHaveOldRequests()).to.equal(false)
  })

  it('is known where the timer ran before the first request was read', () => {
    clock.elapsedMs += 600
    clock.pending?.()
    clock.elapsedMs += 10
    expect(standstill.mayHaveOldRequests()).to.equal(true)
  })

  it('is none while the daemon computes, however late the timer runs', () => {
    clock.live(1_000)
    clock.elapsedMs += 3_000
    processorMs += 2_700
    expect(standstill.mayHaveOldRequests()).to.equal(false)
    clock.pending?.()
    expect(standstill.mayHaveOldRequests()).to.equal(false)
  })

  it('leaves no timer behind', () => {
    clock.live(1_000)
    standstill.stop()
    expect(clock.pending).to.equal(undefined)
  })
})
