import { expect } from 'chai'
import { setTimeout as sleep } from 'node:timers/promises'
import { embeddedConfig } from '../support/embedded-config.js'
import { eventually } from '../support/eventually.js'
import { preReboot } from '../support/fleetlock-request.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'
import { EmbeddedObserver } from './embedded-observer.js'
import { bound } from './fault-report.js'
import { runFault, type FaultRun, type RunFigures } from './fault-run.js'
import { createSmallDisk, type SmallDisk } from './small-disk.js'
import { SupervisedDaemon } from './supervised-daemon.js'

/** How often the daemon is killed; 1,000 by hand. */
const KILLS = Number(process.env['AIRLOCK_FAULT_KILLS'] ?? 50)

const GROUPS = { one: 1, two: 2, three: 3 }
const DISK_MEBIBYTES = 16

/** Quicker than etcd's, so that each kill comes amid writes. */
const TIMES = {
  retry: [40, 60],
  repeat: 10,
  reboot: [5, 30],
  update: [1, 10],
} as const

describe('airlock on the embedded store, under load', () => {
  let folder: TempFolder
  let disk: SmallDisk | undefined
  let supervised: SupervisedDaemon

  beforeEach(async () => {
    folder = await createTempFolder()
  })

  afterEach(async () => {
    await supervised.destroy()
    await disk?.remove()
    disk = undefined
    await folder.remove()
  })

  async function run(
    name: string,
    path: string,
    scenario: (run: FaultRun) => Promise<void>,
  ): Promise<RunFigures> {
    supervised = await SupervisedDaemon.start({ config: embeddedConfig({ path, groups: GROUPS }) })
    const groups = Object.keys(GROUPS)
    const urls = (): readonly string[] => [supervised.url]
    const fleet = { groups, machinesPerGroup: 10, urls, times: TIMES }
    return runFault(name, fleet, new EmbeddedObserver(path, groups), scenario)
  }

  it(`loses nothing that was confirmed when it is killed while it writes, ${KILLS} times`, async () => {
    const name = `embedded store: kill -9, ${KILLS} times`
    await run(name, folder.file('airlock.db'), async ({ fleet }) => {
      for (let kill = 0; kill < KILLS; kill++) {
        const granted = fleet.grants.length
        await eventually(() => expect(fleet.grants.length).to.be.above(granted + 1), {
          timeoutMs: 30_000,
        })
        await sleep(Math.random() * 150)
        await supervised.killAndRestart()
      }
    })
    await supervised.stop()
  }).timeout(60_000 + KILLS * 5_000)

  it('says so while its disk is full, and goes on when there is room', async () => {
    const full = await createSmallDisk(DISK_MEBIBYTES)
    disk = full
    const name = `embedded store: disk full (${full.kind})`
    const reason = full.kind === 'tmpfs' ? /its disk is full/ : /I\/O error: EFBIG/
    const figures = await run(name, `${full.path}/airlock.db`, async ({ inject, heal, fleet }) => {
      const { pid } = supervised.daemon
      await inject(() => full.fill(pid))
      await sleep(500)
      const since = performance.now()
      const refused = await preReboot(supervised.url, { group: 'default', id: 'a' })
      expect([refused.status, refused.kind]).to.deep.equal([503, 'store_unavailable'])
      expect(refused.value).to.match(reason)
      await sleep(1_000)
      expect(fleet.grants.filter(({ at }) => at > since)).to.deep.equal([])
      await heal(() => full.makeRoom(pid))
    })
    await supervised.daemon.logged(new RegExp(`level=warn.*cannot be used.*${reason.source}`))
    await supervised.daemon.logged(/the store answers again/)
    expect(figures.grantsAfterHealMs).to.be.below(bound(5_000))
    await supervised.stop()
  }).timeout(60_000)
})
