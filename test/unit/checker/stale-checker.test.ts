import { expect } from 'chai'
import {
  StaleChecker,
  type JudgedHold,
  type StaleRules,
} from '../../../lib/checker/stale-checker.js'
import type { Hold } from '../../../lib/lock/read-holders.js'
import { FakeClock } from '../../support/fake-clock.js'

const START = Date.UTC(2026, 0, 5)
const MINUTE_MS = 60_000

function createChecker(rules: Partial<StaleRules> = {}) {
  const clock = new FakeClock(START)
  const checker = new StaleChecker([{ name: 'g', staleAfterMinutes: 60, ...rules }], clock)
  const look = (...holds: readonly Hold[]) => {
    const [judgement] = checker.judge(new Map([['g', holds]]))
    if (judgement === undefined) throw new Error('no judgement')
    const { oldestMs, stale, newlyStale, toRelease } = judgement
    const [all, fresh, due] = [stale, newlyStale, toRelease].map(ids)
    return { oldestMinutes: oldestMs / MINUTE_MS, stale: all, newlyStale: fresh, toRelease: due }
  }
  return { clock, checker, look }
}

const ids = (judged: readonly JudgedHold[]): string => judged.map(({ hold }) => hold.id).join()

const hold = (id: string, minutesAgo: number | undefined, revision = 5): Hold => ({
  group: 'g',
  id,
  since: minutesAgo === undefined ? undefined : START - minutesAgo * MINUTE_MS,
  revision,
  semaphoreRevision: 9,
})

describe('StaleChecker', () => {
  it('takes a holder for stale from the configured time on, and tells it once', () => {
    const { look } = createChecker()
    const old = hold('old', 60)
    const young = hold('young', 59)
    const found = { oldestMinutes: 60, stale: 'old', toRelease: '' }
    expect(look(young, old)).to.deep.equal({ ...found, newlyStale: 'old' })
    expect(look(young, old)).to.deep.equal({ ...found, newlyStale: '' })
  })

  it('tells it again when the same machine holds for too long once more', () => {
    const { look } = createChecker()
    look(hold('a', 60, 5))
    expect(look(hold('a', 60, 6)).newlyStale).to.equal('a')
  })

  it('has an oldest age of 0 where nobody holds', () => {
    const { look } = createChecker()
    expect(look()).to.deep.equal({ oldestMinutes: 0, stale: '', newlyStale: '', toRelease: '' })
  })

  it('counts from when it has first seen a holder whose beginning is unknown', async () => {
    const { clock, look } = createChecker()
    expect(look(hold('a', undefined, 0)).oldestMinutes).to.equal(0)
    await clock.advance(60 * MINUTE_MS)
    expect(look(hold('a', undefined, 0))).to.deep.equal({
      oldestMinutes: 60,
      stale: 'a',
      newlyStale: 'a',
      toRelease: '',
    })
  })

  it('does not take a beginning in the future for more than what it has seen', async () => {
    const { clock, look } = createChecker()
    look(hold('a', -600))
    await clock.advance(60 * MINUTE_MS)
    expect(look(hold('a', -600)).stale).to.equal('a')
  })

  it('takes nobody for stale where the limit is 0', () => {
    const { look } = createChecker({ staleAfterMinutes: 0 })
    expect(look(hold('a', 9999)).stale).to.equal('')
  })

  describe('with stale_release', () => {
    const staleRelease = { afterMinutes: 90, atMostPerDay: 1 }

    it('has seen for itself for how long who is to be released has held', async () => {
      const { clock, look } = createChecker({ staleRelease })
      expect(look(hold('a', 9999)).toRelease).to.equal('')
      await clock.advance(90 * MINUTE_MS - 1)
      expect(look(hold('a', 9999)).toRelease).to.equal('')
      await clock.advance(1)
      expect(look(hold('a', 9999)).toRelease).to.equal('a')
    })

    it('begins anew with a new hold of the same machine', async () => {
      const { clock, look } = createChecker({ staleRelease })
      look(hold('a', 9999, 5))
      await clock.advance(90 * MINUTE_MS)
      expect(look(hold('a', 0, 6)).toRelease).to.equal('')
    })

    it('begins anew where it has not seen the machine hold for one look', async () => {
      const { clock, look } = createChecker({ staleRelease })
      look(hold('a', 9999))
      look()
      await clock.advance(90 * MINUTE_MS)
      expect(look(hold('a', 9999)).toRelease).to.equal('')
    })

    it('releases nobody because of a jump of the wall clock', () => {
      const { clock, look } = createChecker({ staleRelease })
      look(hold('a', 0))
      clock.jumpTo(START + 9999 * MINUTE_MS)
      expect(look(hold('a', 0))).to.include({ stale: 'a', toRelease: '' })
    })

    it('never releases who holds since nobody knows when', async () => {
      const { clock, look } = createChecker({ staleRelease })
      look(hold('none', undefined, 0), hold('unreadable', undefined, 5))
      await clock.advance(9999 * MINUTE_MS)
      const found = look(hold('none', undefined, 0), hold('unreadable', undefined, 5))
      expect(found).to.include({ stale: 'none,unreadable', toRelease: '' })
    })

    it('keeps what it has seen over a reload', async () => {
      const { clock, checker, look } = createChecker()
      look(hold('a', 9999))
      await clock.advance(90 * MINUTE_MS)
      checker.configure([{ name: 'g', staleAfterMinutes: 60, staleRelease }])
      expect(look(hold('a', 9999)).toRelease).to.equal('a')
    })
  })

  describe('asked between looks', () => {
    const age = (checker: StaleChecker, judged: Hold): unknown => {
      const { heldForMs, isStale } = checker.ageOf(judged)
      return [heldForMs === undefined ? undefined : heldForMs / MINUTE_MS, isStale]
    }

    it('counts from the record, also where it has not looked yet', async () => {
      const { clock, checker } = createChecker()
      expect(age(checker, hold('a', 59))).to.deep.equal([59, false])
      await clock.advance(MINUTE_MS)
      expect(age(checker, hold('a', 59))).to.deep.equal([60, true])
    })

    it('counts from its first look at a holder of unknown age', async () => {
      const { clock, checker, look } = createChecker()
      expect(age(checker, hold('a', undefined, 0))).to.deep.equal([undefined, false])
      look(hold('a', undefined, 0))
      await clock.advance(60 * MINUTE_MS)
      expect(age(checker, hold('a', undefined, 0))).to.deep.equal([60, true])
    })

    it('begins anew with the next hold, and tells no look of the one before', async () => {
      const { clock, checker, look } = createChecker()
      look(hold('a', undefined, 5))
      await clock.advance(60 * MINUTE_MS)
      expect(age(checker, hold('a', undefined, 6))).to.deep.equal([undefined, false])
      expect(look(hold('a', undefined, 5)).newlyStale).to.equal('a')
    })

    it('finds nothing stale in a group without rules, or whose holders never are', () => {
      const { checker } = createChecker({ staleAfterMinutes: 0 })
      expect(age(checker, hold('a', 9999))).to.deep.equal([9999, false])
      expect(age(checker, { ...hold('a', 9999), group: 'other' })).to.deep.equal([9999, false])
    })
  })
})
