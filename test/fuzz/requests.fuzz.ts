import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import fc from 'fast-check'
import { compareBytes } from '../../lib/semaphore/compare-bytes.js'
import { embeddedConfig } from '../support/embedded-config.js'
import { steadyState } from '../support/fleetlock-request.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'
import type { Identity } from './body-oracle.js'
import { GROUPS } from './body-arbitraries.js'
import { exchange } from './connection.js'
import { ExpectedHolders, judgeExchange, UNKNOWN_FOR_MS, type Tally } from './expected-holders.js'
import { FUZZ_CASES, FUZZ_SEED, report } from './fuzz-settings.js'
import { HonestMachines } from './honest-machines.js'
import { figuresBelow, processFigures } from './process-figures.js'
import { judgeStream } from './request-oracle.js'
import { deliveryOf } from './stream-arbitraries.js'
import { StoredDocuments } from './stored-documents.js'

/** Cases under way at a time; each worker has machines of its own. */
const WORKERS = 24

const HONEST = { group: 'fleet', slots: 2, machines: 5 }
const MANY_SLOTS = 100_000

/** How many of a worker's machines may keep a slot, so that the stored document stays small. */
const MAX_LEFT = 12

/** The part of the cases after which memory is looked at for the first time. */
const WARM_UP = 0.2

/** More than this is growth, in MiB: what the garbage collector leaves lying is less. */
const MAX_GROWTH_MIB = 64

const KNOWN_GROUPS: ReadonlySet<string> = new Set([
  ...Object.values(GROUPS),
  HONEST.group,
  'default',
])

/** A line of the log, whatever is in its fields. */
const LOG_LINE =
  /^time="[^"]+" level=(?:debug|info|notice|warn) msg=(?:"(?:[^"\\]|\\.)*"|\S+)(?: |$)/

describe('the main service, at anything that a client may send', function () {
  this.timeout(120_000 + FUZZ_CASES * 30)
  const workers = Array.from({ length: WORKERS }, () => new ExpectedHolders())
  const tally: Tally = { genuine: 0, bogus: 0, unsure: 0, unanswered: 0, done: 0 }
  const agent = new Agent({ keepAlive: true, maxSockets: WORKERS })
  let folder: TempFolder
  let daemon: Daemon
  let honest: HonestMachines
  let isBrokenOff = true

  before(async () => {
    folder = await createTempFolder()
    const groups = {
      [GROUPS.open]: MANY_SLOTS,
      [GROUPS.constructor]: MANY_SLOTS,
      [GROUPS.closed]: 0,
      [HONEST.group]: HONEST.slots,
    }
    const config = embeddedConfig({ path: folder.file('store.db'), groups })
    daemon = await runDaemon({ config, args: ['-v'] })
    await daemon.ready()
    honest = new HonestMachines(daemon.serviceUrl, HONEST.group, HONEST.slots, HONEST.machines)
  })
  after(async () => {
    agent.destroy()
    await daemon.kill()
    await folder.remove()
  })

  it('answers each as it should, grants genuine requests alone, and does not grow', async () => {
    const port = Number(new URL(daemon.serviceUrl).port)
    const atFirst = await processFigures(daemon.statusUrl)
    const openFiles = atFirst.openFiles + WORKERS + HONEST.machines + 5
    const begin = performance.now()
    await run(port, Math.ceil(FUZZ_CASES * WARM_UP), FUZZ_SEED)
    const warm = await figuresBelow(daemon.statusUrl, { openFiles, residentMiB: Infinity })
    await run(port, Math.floor(FUZZ_CASES * (1 - WARM_UP)), FUZZ_SEED + WORKERS)
    isBrokenOff = false
    const seconds = Math.round((performance.now() - begin) / 1000)
    const residentMiB = warm.residentMiB + MAX_GROWTH_MIB
    const atLast = await figuresBelow(daemon.statusUrl, { openFiles, residentMiB })
    report('requests', {
      cases: FUZZ_CASES,
      seconds,
      ...tally,
      'RSS MiB': `${atFirst.residentMiB} at first, ${warm.residentMiB} after a fifth, ${atLast.residentMiB} at last`,
      'open files': `${atFirst.openFiles} at first, ${atLast.openFiles} at last`,
    })
    expect(atLast.internalErrors).to.equal(0)
    expect(tally.genuine).to.be.greaterThan(FUZZ_CASES / 5)
    expect(tally.bogus).to.be.greaterThan(FUZZ_CASES / 5)
    expect(tally.unsure).to.be.lessThan(FUZZ_CASES / 10)
  })

  it('has served honest machines meanwhile, without a failure', async () => {
    const { failures, ...figures } = await honest.stop()
    report('honest machines', figures)
    expect(failures).to.deep.equal([])
    expect(figures.reboots).to.be.greaterThan(20)
  })

  it('has stored exactly what the genuine requests have left', async () => {
    if (isBrokenOff) throw new Error('the run was broken off: nobody knows what should be stored')
    await sleep(UNKNOWN_FOR_MS)
    await Promise.all(workers.map((holders) => giveBack(holders, holders.takeSettled())))
    expect((await daemon.stop()).code).to.equal(0)
    const documents = new StoredDocuments(folder.file('store.db'))
    const groups = [...KNOWN_GROUPS]
    const stored = groups.map((group) => [group, documents.holders(group)] as const)
    documents.close()
    const expected = groups.map((group) => {
      return [group, workers.flatMap((holders) => holders.of(group)).sort(compareBytes)] as const
    })
    const left = expected.flatMap(([, ids]) => ids).length
    report('the store', { 'holders left': left })
    expect(stored).to.deep.equal(expected)
    expect(left).to.be.greaterThan(0)
  })

  it('has logged nothing but whole lines, and no error', () => {
    const wrong = daemon.stdout.filter((line) => !LOG_LINE.test(line))
    expect(wrong.slice(0, 10)).to.deep.equal([])
    // Node deprecates what express takes for parsing targets that are no URLs.
    const errors = daemon.stderr.filter((line) => !/DEP0170|trace-deprecation/.test(line))
    expect(errors.slice(0, 10)).to.deep.equal([])
  })

  /** Runs cases, each worker its own; fails with the seed, the case and what is wrong with its answers. */
  async function run(port: number, cases: number, seed: number): Promise<void> {
    const numRuns = Math.ceil(cases / WORKERS)
    const runs = workers.map((holders, worker) => {
      const property = fc.asyncProperty(deliveryOf(worker, WORKERS), async (delivery) => {
        const judged = judgeStream(delivery.bytes, KNOWN_GROUPS)
        const result = await exchange(port, delivery, judged)
        const problems = judgeExchange(delivery, judged, result, holders, tally)
        await giveBack(holders, holders.takeSettled())
        await giveBack(holders, holders.over(MAX_LEFT))
        if (problems.length === 0) return
        const sent = JSON.stringify(delivery.bytes.toString('latin1'))
        throw new Error(`${problems.join('; ')}\nin answer to ${sent}`)
      })
      return fc.assert(property, { numRuns, seed: seed + worker })
    })
    // All are over before the store is looked at, whether or not one has failed.
    await Promise.allSettled(runs)
    await Promise.all(runs)
  }

  /** Reports steady states, as machines do that do not know what became of their request. */
  async function giveBack(holders: ExpectedHolders, machines: readonly Identity[]): Promise<void> {
    for (const identity of machines) {
      const { status } = await steadyState(daemon.serviceUrl, identity, { agent })
      expect(status).to.equal(200)
      holders.noteDone({ isLock: false, identity })
    }
  }
})
