import { expect } from 'chai'
import type { BatchRequest } from '../../../lib/lock/batch.js'
import type { GroupState } from '../../../lib/lock/group-state.js'
import { planCommit, type CommitPlan, type LaneSettings } from '../../../lib/lock/plan-commit.js'
import type { Semaphore } from '../../../lib/semaphore/semaphore.js'
import type { Transaction } from '../../../lib/store/store.js'

const ABSENT = { value: undefined, revision: 0 }

/** etcd's default `--max-txn-ops`, for the operations of a transaction and for its comparisons. */
const OPERATIONS_OF_ETCD = 128

const lock = (id: string): BatchRequest => ({ operation: 'lock', id })
const unlock = (id: string): BatchRequest => ({ operation: 'unlock', id })

function stateOf(semaphore: Semaphore | undefined, more: Partial<GroupState> = {}): GroupState {
  return {
    semaphore: { value: semaphore, revision: semaphore === undefined ? 0 : 7 },
    version: semaphore === undefined ? 0 : 1,
    configuredSlots: ABSENT,
    pause: ABSENT,
    globalPause: ABSENT,
    cooldown: ABSENT,
    ...more,
  }
}

function plan(
  state: GroupState,
  requests: readonly BatchRequest[],
  settings: Partial<LaneSettings> = {},
): CommitPlan {
  return planCommit(state, requests, {
    group: 'g',
    settings: { slots: 1, slotsSource: 'config', waitTimeoutMs: 0, ...settings },
    mustApplySlots: true,
    mustFence: false,
    at: '2026-01-05T00:00:00.000Z',
    by: 'airlock@here',
  })
}

describe('planCommit', () => {
  it('grants nothing under a cap while nobody has counted what the others hold', () => {
    const { outcomes } = plan(stateOf(undefined), [lock('a')], { totalSlotsMax: 5 })
    expect(outcomes).to.deep.equal([
      { outcome: 'refused', refusal: { kind: 'total_full', max: 5, held: 5 } },
    ])
  })

  describe('of more requests than one commit can serve', () => {
    const ids = Array.from({ length: 400 }, (_, index) => `m${index}`)
    const [holders, others] = [ids.slice(0, 200), ids.slice(200)]
    const counted = { others: { held: 0, asOf: 7 } }
    const everything: Partial<LaneSettings> = {
      slots: 1000,
      totalSlotsMax: 2000,
      cooldownSeconds: 60,
      ignoresCooldown: true,
    }

    function expectFits(transaction: Transaction | undefined): void {
      const { puts = [], deletes = [], unchanged = [] } = transaction ?? {}
      expect(puts.length + deletes.length).to.be.within(100, OPERATIONS_OF_ETCD)
      expect(unchanged.length).to.be.within(1, OPERATIONS_OF_ETCD)
    }

    it('fits grants into one transaction of etcd', () => {
      expectFits(plan(stateOf(undefined, counted), ids.map(lock), everything).transaction)
    })

    it('fits releases, with their cooldown, into one transaction of etcd', () => {
      const state = stateOf({ totalSlots: 1, holders: ids }, counted)
      expectFits(plan(state, ids.map(unlock), everything).transaction)
    })

    it('fits releases and grants together into one transaction of etcd', () => {
      const state = stateOf({ totalSlots: 1, holders }, counted)
      const mixed = holders.flatMap((id, index) => [unlock(id), lock(others[index] ?? '')])
      expectFits(plan(state, mixed, everything).transaction)
      expectFits(
        plan(state, [...holders.slice(0, 60).map(unlock), ...others.map(lock)], everything)
          .transaction,
      )
    })
  })
})
