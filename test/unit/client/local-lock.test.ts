import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { takeLocalLock } from '../../../lib/client/local-lock.js'

const NEVER = new AbortController().signal

function take(id: string, group = 'default', waitMs = 0, onBusy: () => void = () => undefined) {
  return takeLocalLock({ group, id }, { waitMs, onBusy, signal: NEVER })
}

describe('the local lock', () => {
  it('is held by one at a time, for each group and id', async () => {
    const id = randomUUID()
    const first = await take(id)
    const other = await take(id, 'other')
    expect([first !== undefined, other !== undefined, await take(id)]).to.deep.equal([
      true,
      true,
      undefined,
    ])
    first?.release()
    const again = await take(id)
    expect(again).to.not.equal(undefined)
    again?.release()
    other?.release()
  })

  it('is waited for, and the waiter is told so once', async () => {
    const id = randomUUID()
    const first = await take(id)
    let told = 0
    const waiting = take(id, 'default', 10_000, () => (told += 1))
    setTimeout(() => first?.release(), 50)
    const second = await waiting
    expect([second !== undefined, told]).to.deep.equal([true, 1])
    second?.release()
  })
})
