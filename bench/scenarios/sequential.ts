import type { Figure } from '../figure.js'
import { LOCK_AND_UNLOCK, machines } from '../load/machines.js'
import type { Measured, Stage } from '../stage.js'
import { median } from '../statistics.js'

const TARGET = { of: 'ratio', atMost: 1.5 } as const

/** One machine locks and unlocks, over and over, beside a bare put through the same etcd client. */
export async function sequential(stage: Stage): Promise<readonly Figure[]> {
  const contenders = await stage.startContenders([{ name: 'one', slots: 1 }])
  const [{ etcd }] = contenders
  const endpoint = etcd.endpoints[0] ?? ''
  const [puts = [], airlock = [], peer] = await stage.inTurn<Measured>([
    () =>
      stage.measure(
        { name: 'etcd', servers: [], etcd },
        { kind: 'puts', endpoint, ...stage.period },
      ),
    ...contenders.map((contender) => () => {
      const ports = contender.servers.map(({ port }) => port)
      const connections = machines(1, ports, 'one', LOCK_AND_UNLOCK)
      return stage.measure(contender, { kind: 'loop', connections, ...stage.period })
    }),
  ])
  const putP50s = puts.map(({ latency }) => latency.all.p50)
  stage.noteNoise('bare etcd put', putP50s)
  const reference = { name: 'bare etcd put', value: median(putP50s) }
  return LOCK_AND_UNLOCK.map((operation) => {
    const p50 = ({ latency }: Measured): number => latency[operation].p50
    return {
      scenario: stage.scenario,
      name: `${operation === 'pre-reboot' ? 'lock' : 'unlock'}, p50`,
      unit: 'ms',
      airlock: median(airlock.map(p50)),
      peer: peer && median(peer.map(p50)),
      reference,
      target: TARGET,
    }
  })
}
