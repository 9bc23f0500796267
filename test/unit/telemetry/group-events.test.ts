import { expect } from 'chai'
import { collectingEvents } from '../../support/collecting-events.js'

describe('the metrics of a group that a reload has removed', () => {
  it('go if they are gauges, and stay if they count what has happened', async () => {
    const { events, metrics } = collectingEvents()
    const groups = ['gone', 'stays'].map((name) => ({ name, slots: 1 }))
    events.groupsConfigured(groups)
    for (const { name: group } of groups) {
      events.groupObserved({ group, totalSlots: 1, holders: 1 })
      events.waitersChanged(group, 3)
      events.holdersObserved(group, { oldestSeconds: 7200, stale: 1 })
      events.staleReleased({ group, id: 'a', since: 0, heldForSeconds: 7200 })
    }
    events.groupsConfigured(groups.filter(({ name }) => name === 'stays'))
    events.staleGroupsConfigured()
    const text = await metrics.registry.metrics()
    expect(text.match(/^.*group="gone".*$/gm)).to.deep.equal([
      'airlock_stale_releases_total{group="gone"} 1',
    ])
    expect(text).to.include('airlock_waiters{group="stays"} 3')
  })
})
