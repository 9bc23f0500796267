import { setTimeout as sleep } from 'node:timers/promises'
import type { Figure } from '../figure.js'
import { LOCK_AND_UNLOCK, machines } from '../load/machines.js'
import { residentMegabytes } from '../process-figures.js'
import type { Measured, Stage, Subject } from '../stage.js'
import { median } from '../statistics.js'

const GROUPS = [{ name: 'churn', slots: 64 }]

/** How long a server has nothing to do before it is looked at. */
const IDLE_MS = 2_000

interface Footprint {
  readonly secondsToReady: number
  readonly idleMegabytes: number
  readonly busyMegabytes: number
  readonly measured: Measured
}

/** What a server takes of the machine: one is started anew in every round. */
export async function footprint(stage: Stage): Promise<readonly Figure[]> {
  const names = stage.options.peer === undefined ? ['airlock'] : ['airlock', 'peer']
  const etcds = await Promise.all(names.map(() => stage.startEtcd()))
  const [airlock = [], peer] = await stage.inTurn<Footprint>(
    (['airlock', 'peer'] as const).slice(0, names.length).map((name, index) => async () => {
      const server = await stage.startServer(name, GROUPS, etcds[index])
      const subject: Subject = { name, servers: [server] }
      await sleep(IDLE_MS)
      const idleMegabytes = await residentMegabytes(server.pid)
      const connections = machines(64, [server.port], 'churn', LOCK_AND_UNLOCK)
      const measured = await stage.measure(subject, { kind: 'loop', connections, ...stage.period })
      const busyMegabytes = await residentMegabytes(server.pid)
      await server.stop()
      return { secondsToReady: server.secondsToReady, idleMegabytes, busyMegabytes, measured }
    }),
  )
  const row = (
    name: string,
    unit: Figure['unit'],
    of: (footprint: Footprint) => number,
    atMost?: number,
  ): Figure => ({
    scenario: stage.scenario,
    name,
    unit,
    airlock: median(airlock.map(of)),
    peer: peer && median(peer.map(of)),
    target: atMost === undefined ? undefined : { of: 'value', atMost },
  })
  return [
    row('start to first answer', 's', ({ secondsToReady }) => secondsToReady, 1),
    row('resident, idle', 'MB', ({ idleMegabytes }) => idleMegabytes, 100),
    row('resident, after churn', 'MB', ({ busyMegabytes }) => busyMegabytes, 130),
    row('CPU for 1,000 requests', 's', ({ measured }) => measured.cpuSecondsPer1000),
  ]
}
