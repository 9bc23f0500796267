import { expect } from 'chai'
import { SAMPLE_STATES } from '../../support/sample-states.js'

describe('the sample states', () => {
  for (const [name, { groups, paused, timeline }] of Object.entries(SAMPLE_STATES)) {
    it(`do not contradict themselves: ${name}`, () => {
      for (const { holders, calendar, gates, paused: own } of groups) {
        const { changes_at: opens, blackout } = calendar ?? {}
        if (blackout != null) expect(opens).to.satisfy((it: string) => it >= blackout.until)
        const pausedAt = [paused?.since, own?.since]
          .filter((since) => since !== undefined)
          .sort()[0]
        for (const { id, since } of holders) {
          const hold = timeline.find((each) => each.id === id)
          if (hold !== undefined) expect(since).to.equal(hold.from)
          if (pausedAt !== undefined) expect(since).to.satisfy((it: string) => it < pausedAt)
        }
        for (const { asked_at: askedAt } of gates) {
          if (pausedAt === undefined || askedAt === null) continue
          expect(askedAt).to.satisfy((it: string) => it < pausedAt)
        }
      }
    })
  }
})
