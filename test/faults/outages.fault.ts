import { expect } from 'chai'
import { setTimeout as sleep } from 'node:timers/promises'
import { sendRequest } from '../support/fleetlock-request.js'
import { FaultCluster } from './fault-cluster.js'
import { recordFigures } from './fault-report.js'

const OUTAGES = 10

/** The outage after which all that is loaded once, and all pools, have their size. */
const BASELINE = 2

/** What memory may vary by: the garbage collector's habits, but not what eight outages would leak. */
const MEMORY_TOLERANCE_BYTES = 32 * 1024 * 1024
const DESCRIPTOR_TOLERANCE = 12

interface Usage {
  readonly memory: number
  readonly descriptors: number
}

describe('airlock under load, through ten outages of etcd', () => {
  let cluster: FaultCluster

  before(async function () {
    this.timeout(150_000)
    // A small heap is collected often, so that what is measured is what is in use.
    cluster = await FaultCluster.start({
      daemon: () => ({ nodeArgs: ['--max-old-space-size=64'] }),
    })
  })

  after(async function () {
    this.timeout(60_000)
    await cluster.stop()
  })

  it('keeps its memory and its descriptors', async () => {
    const usages: Usage[][] = []
    await cluster.run('ten outages', async ({ fleet, inject }) => {
      await inject(() => Promise.resolve())
      for (let outage = 1; outage <= OUTAGES; outage++) {
        await cluster.etcd.kill(0, 1, 2)
        await sleep(600)
        await cluster.etcd.restart(0, 1, 2)
        const granted = fleet.grants.length
        while (fleet.grants.length < granted + 20) await sleep(20)
        usages.push(
          await Promise.all(cluster.daemons.map(({ daemon }) => usageOf(daemon.statusUrl))),
        )
      }
    })
    const [baseline = [], last = []] = [usages[BASELINE - 1], usages[OUTAGES - 1]]
    const show = (of: (usage: Usage) => number, list: readonly Usage[]) => list.map(of).join('/')
    const mebibytes = ({ memory }: Usage): number => Math.round(memory / 1024 / 1024)
    recordFigures(`memory (MiB) and descriptors after outage ${BASELINE} and ${OUTAGES}`, {
      memoryBefore: show(mebibytes, baseline),
      memoryAfter: show(mebibytes, last),
      descriptorsBefore: show(({ descriptors }) => descriptors, baseline),
      descriptorsAfter: show(({ descriptors }) => descriptors, last),
    })
    for (const [index, before] of baseline.entries()) {
      const after = last[index] ?? { memory: Infinity, descriptors: Infinity }
      expect(after.memory).to.be.below(before.memory + MEMORY_TOLERANCE_BYTES)
      expect(after.descriptors).to.be.below(before.descriptors + DESCRIPTOR_TOLERANCE)
    }
  }).timeout(180_000)
})

async function usageOf(statusUrl: string): Promise<Usage> {
  const { body } = await sendRequest(`${statusUrl}/metrics`)
  const valueOf = (name: string): number => {
    const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(body) ?? []
    if (value === undefined) throw new Error(`there is no ${name}`)
    return Number(value)
  }
  return {
    memory: valueOf('process_resident_memory_bytes'),
    descriptors: valueOf('process_open_fds'),
  }
}
