import { expect } from 'chai'
import { STATUS_OF_KIND } from '../../../lib/fleetlock/kinds.js'
import { replyToRefusal } from '../../../lib/fleetlock/reply-to-refusal.js'

describe('replyToRefusal', () => {
  it('says how many slots are locked', () => {
    const refusal = { kind: 'semaphore_full', totalSlots: 1, holders: 1 } as const
    expect(replyToRefusal(refusal)).to.deep.equal({
      kind: 'failed_lock_semaphore_full',
      value: 'all 1 semaphore slots currently locked',
    })
  })

  it('says that nobody may reboot where there are no slots', () => {
    const refusal = { kind: 'semaphore_full', totalSlots: 0, holders: 0 } as const
    expect(replyToRefusal(refusal).value).to.equal(
      'this group has 0 semaphore slots: nobody may reboot',
    )
  })

  it('says that there are more holders than slots', () => {
    const refusal = { kind: 'semaphore_full', totalSlots: 1, holders: 3 } as const
    expect(replyToRefusal(refusal).value).to.equal(
      'all 1 semaphore slots currently locked, by 3 machines',
    )
  })

  it('says about when a cooldown ends, where that is known', () => {
    const refusal = { kind: 'cooldown', seconds: 600, until: '2026-11-20T23:14:05.678Z' } as const
    const what = 'a machine of this group was released less than 600 seconds ago'
    expect(replyToRefusal(refusal).value).to.equal(
      `${what}; the next is granted after about 2026-11-20T23:14:05Z`,
    )
    expect(replyToRefusal({ ...refusal, until: null }).value).to.equal(what)
  })

  it('names what is wrong with a stored document', () => {
    const refusal = { kind: 'store_corrupt', key: 'k', problem: 'is not JSON' } as const
    expect(replyToRefusal(refusal)).to.deep.equal({
      kind: 'store_corrupt',
      value: 'the stored document k is not JSON; an operator has to correct it',
    })
  })
})

describe('STATUS_OF_KIND', () => {
  it('has no status that a client could take for a grant or follow elsewhere', () => {
    for (const status of Object.values(STATUS_OF_KIND)) expect(status).to.be.at.least(400)
  })
})
