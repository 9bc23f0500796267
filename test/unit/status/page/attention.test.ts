import { expect } from 'chai'
import { findAttention } from '../../../../lib/status/page/attention.js'
import { rankGroups } from '../../../../lib/status/page/severity.js'
import type { StatusReport } from '../../../../lib/status/status-report.js'
import { ago, sampleGroup, sampleHolder, sampleReport } from '../../../support/sample-reports.js'

function attentionTo(report: StatusReport): readonly string[] {
  return findAttention(report, rankGroups(report, 12)).map((each) =>
    'group' in each ? `${each.kind} ${each.group}` : each.kind,
  )
}

const stale = sampleHolder('a', 90, { stale: true })
const pause = { reason: 'r', since: ago(1), by: 'b' }
const healthy = sampleReport()

describe('what needs attention', () => {
  it('is nothing while a rollout goes on', () => {
    const busy = sampleGroup('a', { holders: [sampleHolder('x', 3)] })
    expect(attentionTo(sampleReport({ groups: [busy, sampleGroup('b')] }))).to.deep.equal([])
  })

  it('is a group of which no slot is free and one is stale, before all that can wait', () => {
    const groups = [
      sampleGroup('a', { paused: pause }),
      sampleGroup('b', { slots: 2, holders: [stale] }),
      sampleGroup('c', { holders: [stale] }),
    ]
    expect(attentionTo(sampleReport({ groups, paused: pause }))).to.deep.equal([
      'stuck c',
      'all_paused',
      'paused a',
      'stale b',
    ])
  })

  it('is a store that cannot be reached, and one of which a part does not answer', () => {
    const endpoints = [
      { endpoint: 'one', answers: false, latency_ms: null, error: 'refused' },
      { endpoint: 'two', answers: true, latency_ms: 1, error: null },
    ]
    const store = { ...healthy.store, endpoints }
    expect([
      attentionTo(sampleReport({ store })),
      attentionTo(sampleReport({ store: { ...store, reachable: false } })),
    ]).to.deep.equal([['endpoints_down'], ['store_down']])
  })

  it('is a document that cannot be read, and nothing else of its group', () => {
    const group = sampleGroup('a', { problem: 'not JSON', slots: 0, configured_slots: 3 })
    expect(attentionTo(sampleReport({ groups: [group] }))).to.deep.equal(['problem a'])
  })

  it('is what the configuration does not say', () => {
    const groups = [
      sampleGroup('a', { slots: 2, configured_slots: 1 }),
      sampleGroup('b', { slots: 0, holders: [sampleHolder('x', 1)] }),
      sampleGroup('c', {
        configured: false,
        configured_slots: null,
        holders: [sampleHolder('x', 1)],
      }),
      sampleGroup('d', { configured: false, configured_slots: null }),
    ]
    expect(attentionTo(sampleReport({ groups }))).to.deep.equal([
      'slots_differ a',
      'too_many b',
      'abandoned c',
    ])
  })

  it('is a gate that cannot be asked, not one that is closed', () => {
    const gate = { gate: 'http', since: null, asked_at: null, reason: null } as const
    const groups = (['closed', 'error', 'ignored_error'] as const).map((state) =>
      sampleGroup(state, { gates: [{ ...gate, state }] }),
    )
    expect(attentionTo(sampleReport({ groups }))).to.deep.equal([
      'gate_error error',
      'gate_error ignored_error',
    ])
  })
})

describe('the order of groups', () => {
  const groups = [
    sampleGroup('a'),
    sampleGroup('b', { holders: [sampleHolder('x', 1)] }),
    sampleGroup('c', { paused: pause }),
    sampleGroup('d', { holders: [stale] }),
  ]
  const order = (maxOpen: number): readonly string[] =>
    rankGroups(sampleReport({ groups }), maxOpen).map(
      ({ group, isOpen }) => `${group.name}${isOpen ? ' open' : ''}`,
    )

  it('has first what needs attention; of few the others stay in their places', () => {
    expect(order(4)).to.deep.equal(['d open', 'c open', 'a', 'b open'])
  })

  it('has the quiet ones last, and opens only some, where there are many', () => {
    expect(order(1)).to.deep.equal(['d open', 'c', 'b', 'a'])
  })
})
