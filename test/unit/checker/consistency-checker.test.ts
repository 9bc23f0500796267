import { expect } from 'chai'
import {
  ConsistencyChecker,
  type MismatchCounts,
} from '../../../lib/checker/consistency-checker.js'
import { configuredSlotsKey, semaphoreKey } from '../../../lib/lock/keys.js'
import { GROUPS_SELECTORS, readGroups } from '../../../lib/lock/store-poller.js'
import { collectingEvents } from '../../support/collecting-events.js'
import { MemoryStore } from '../../support/memory-store.js'

const NONE: MismatchCounts = { slots: 0, missing: 0, corrupt: 0, unconfigured: 0, overfull: 0 }

describe('ConsistencyChecker', () => {
  function setUp(...names: readonly string[]) {
    const store = new MemoryStore()
    const { events, lines, metrics } = collectingEvents()
    const groups = names.map((name) => ({ name, slots: 2, waitTimeoutMs: 0 }))
    const checker = new ConsistencyChecker(groups, events)
    return {
      store,
      lines,
      put: (group: string, document: string) => store.put(semaphoreKey(group), document),
      check: async () => checker.check(readGroups(await store.read(GROUPS_SELECTORS))),
      /** The samples of a metric, as `label value`. */
      samples: async (name: string): Promise<readonly string[]> => {
        const text = await metrics.registry.getSingleMetricAsString(name)
        return [...text.matchAll(/\{\w+="(.*)"\} (\d+)/g)].map(([, label, value]) => {
          return `${label ?? ''} ${value ?? ''}`
        })
      },
    }
  }

  it('finds nothing where the store is as the configuration says', async () => {
    const { put, check, lines, samples } = setUp('g')
    put('g', '{"total_slots":2,"holders":["a"]}')
    expect(await check()).to.deep.equal(NONE)
    expect(lines).to.deep.equal([])
    expect(await samples('airlock_database_semaphore_slots')).to.deep.equal(['g 2'])
    expect(await samples('airlock_database_semaphore_lock_holders')).to.deep.equal(['g 1'])
  })

  it('tells of other slots once, when it has seen them twice, and again when they change', async () => {
    const { put, check, lines } = setUp('g')
    put('g', '{"total_slots":1,"holders":["a","b"]}')
    expect(await check()).to.deep.equal({ ...NONE, slots: 1, overfull: 1 })
    expect(lines).to.deep.equal([])
    await check()
    await check()
    put('g', '{"total_slots":3,"holders":[]}')
    await check()
    await check()
    expect(lines.map((line) => line.replace(/^.*; /, ''))).to.deep.equal([
      'the store decides" group=g configured=2 stored=1',
      'the store decides" group=g configured=2 stored=3',
    ])
  })

  for (const [what, document] of [
    ['cannot be read', 'no semaphore'],
    ['is gone', undefined],
  ] as const) {
    it(`shows no figures of a group whose document ${what}, until it is back`, async () => {
      const { store, put, check, samples } = setUp('g', 'other')
      const figures = async (): Promise<unknown> => [
        await samples('airlock_database_semaphore_slots'),
        await samples('airlock_database_semaphore_lock_holders'),
      ]
      put('g', '{"total_slots":2,"holders":["a"]}')
      put('other', '{"total_slots":2,"holders":[]}')
      await check()
      const all = [
        ['g 2', 'other 2'],
        ['g 1', 'other 0'],
      ]
      expect(await figures()).to.deep.equal(all)
      if (document !== undefined) put('g', document)
      else await store.commit({ unchanged: [], puts: [], deletes: [semaphoreKey('g')] })
      const kind = document === undefined ? 'missing' : 'corrupt'
      expect(await check()).to.deep.equal({ ...NONE, [kind]: 1 })
      expect(await figures()).to.deep.equal([['other 2'], ['other 0']])
      put('g', '{"total_slots":2,"holders":["a"]}')
      await check()
      expect([await figures()].flat().map((each) => [...(each as string[])].sort())).to.deep.equal(
        all,
      )
    })
  }

  it('tells of a document that cannot be read once', async () => {
    const { put, check, lines } = setUp('g')
    put('g', 'no semaphore')
    await check()
    await check()
    expect(lines).to.have.length(1)
    expect(lines[0]).to.match(
      /^level=error .* group=g key=com\.coreos\.airlock\/groups\/g\/v1\/semaphore/,
    )
  })

  it('counts a group that is not configured while machines hold its slots', async () => {
    const { store, put, check, samples } = setUp()
    put('gone', '{"total_slots":2,"holders":["a"]}')
    store.put(configuredSlotsKey('gone'), '2')
    expect(await check()).to.deep.equal({ ...NONE, unconfigured: 1 })
    put('gone', '{"total_slots":2,"holders":[]}')
    put('broken', 'no semaphore')
    store.put(configuredSlotsKey('rest'), '2')
    expect(await check()).to.deep.equal(NONE)
    expect(await samples('airlock_consistency_mismatches')).to.include('unconfigured 0')
    // Figures have the configured groups only.
    expect(await samples('airlock_database_semaphore_slots')).to.deep.equal([])
  })
})
