import { expect } from 'chai'
import type { Answer, NotDone } from '../../../lib/client/answer.js'
import { keepAsking, type Asking } from '../../../lib/client/keep-asking.js'

const DONE: Answer = { outcome: 'done' }

function notDone(outcome: NotDone['outcome'], kind: string, mayBeDone = false): NotDone {
  return { outcome, kind, value: 'why', mayBeDone }
}

const FULL = notDone('refused', 'full')
const LOST = notDone('unavailable', 'connection_lost', true)

/** Asks a server that gives these answers, and the last of them for ever. */
async function ask(answers: readonly Answer[], options: Partial<Asking> = {}) {
  const told: string[] = []
  const timeouts: number[] = []
  const answer = await keepAsking({
    waitMs: Infinity,
    retryIntervalMs: 1,
    timeoutMs: 60_000,
    onNotYet: ({ kind }) => told.push(kind),
    ...options,
    send: async (limits) => {
      timeouts.push(limits.timeoutMs)
      await options.send?.(limits)
      return answers[timeouts.length - 1] ?? answers.at(-1) ?? DONE
    },
  })
  return { answer, told, timeouts }
}

describe('keepAsking', () => {
  it('asks once without a wait', async () => {
    expect(await ask([FULL], { waitMs: 0 })).to.deep.equal({
      answer: FULL,
      told: [],
      timeouts: [60_000],
    })
  })

  it('asks again after refusals and after a server that is away', async () => {
    const away = notDone('unavailable', 'unreachable')
    const { answer, told } = await ask([FULL, away, LOST, DONE])
    expect([answer, told]).to.deep.equal([DONE, ['full', 'unreachable', 'connection_lost']])
  })

  it('tells of a refusal again only when it has changed', async () => {
    const paused = notDone('refused', 'paused')
    const { told } = await ask([FULL, FULL, paused, paused, FULL, DONE])
    expect(told).to.deep.equal(['full', 'paused', 'full'])
  })

  it('does not ask again where that is of no use', async () => {
    const broken = notDone('broken', 'unauthorized')
    const { answer, timeouts } = await ask([FULL, broken, DONE])
    expect([answer, timeouts.length]).to.deep.equal([broken, 2])
  })

  it('ends with the wait, after a last request that has some time', async () => {
    const { answer, timeouts } = await ask([FULL], { waitMs: 100, retryIntervalMs: 60_000 })
    expect([answer, timeouts]).to.deep.equal([FULL, [10_000, 10_000]])
  })

  it('takes a last request that the server let wait for a refusal', async () => {
    const late = notDone('unavailable', 'timeout', true)
    const { answer } = await ask([late], {
      waitMs: 20,
      send: async () => {
        await new Promise((resolve) => setTimeout(resolve, 40))
        return DONE
      },
    })
    expect(answer).to.deep.equal({ ...late, outcome: 'refused' })
  })

  it('remembers a lost answer until a clear refusal settles it', async () => {
    const unauthorized = notDone('broken', 'unauthorized')
    const after = async (...answers: Answer[]) => (await ask([...answers, unauthorized])).answer
    expect([
      await after(LOST),
      await after(LOST, FULL),
      await after(FULL, LOST),
      await after(LOST, notDone('unavailable', 'unreachable')),
    ]).to.deep.equal([true, false, true, true].map((mayBeDone) => ({ ...unauthorized, mayBeDone })))
  })

  it('ends in the middle of a pause when it is interrupted', async () => {
    const stop = new AbortController()
    const { answer, timeouts } = await ask([FULL], {
      retryIntervalMs: 60_000,
      signal: stop.signal,
      onNotYet: () => setTimeout(() => stop.abort(), 5),
    })
    expect([answer, timeouts.length]).to.deep.equal([FULL, 1])
  })

  it('counts the time a request took as part of the interval', async () => {
    const began = performance.now()
    await ask([FULL, FULL, DONE], {
      retryIntervalMs: 200,
      send: async () => {
        await new Promise((resolve) => setTimeout(resolve, 230))
        return DONE
      },
    })
    // Three requests of 230 ms each, and no pauses; with pauses it would be 1090 ms.
    expect(performance.now() - began).to.be.within(680, 1000)
  })
})
