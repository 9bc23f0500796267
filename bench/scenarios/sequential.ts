import type { Figure } from '../figure.js'
import type { Load } from '../load/load.js'
import { LOCK_AND_UNLOCK, machines } from '../load/machines.js'
import type { Measured, Stage, Subject } from '../stage.js'
import { median } from '../statistics.js'

const TARGET = { of: 'ratio', atMost: 1.5 } as const

const GROUPS = [{ name: 'one', slots: 64 }]

/** One machine locks and unlocks, over and over, beside a bare put through the same etcd client. */
export async function sequential(stage: Stage): Promise<readonly Figure[]> {
  const contenders = await stage.startContenders(GROUPS)
  const storeLess = await stage.startStoreLessApp(GROUPS)
  for (const server of [...contenders, storeLess]) await warmUp(stage, server)
  const [{ etcd }] = contenders
  const puts: Load = { kind: 'puts', endpoint: etcd.endpoints[0] ?? '', ...stage.period }
  const measureOne = (subject: Subject) => () => stage.measure(subject, loopOf(stage, subject, 1))
  const [putRounds = [], storeLessRounds = [], airlock = [], peer] = await stage.inTurn<Measured>([
    () => stage.measure({ name: 'etcd', servers: [], etcd }, puts),
    measureOne(storeLess),
    ...contenders.map(measureOne),
  ])
  const putP50s = putRounds.map(({ latency }) => latency.all.p50)
  stage.noteNoise('bare etcd put', putP50s)
  const put = median(putP50s)
  const answer = median(storeLessRounds.map(({ latency }) => latency.all.p50))
  return LOCK_AND_UNLOCK.flatMap((operation): readonly Figure[] => {
    const p50 = ({ latency }: Measured): number => latency[operation].p50
    const figure = {
      scenario: stage.scenario,
      name: `${operation === 'pre-reboot' ? 'lock' : 'unlock'}, p50`,
      unit: 'ms',
      airlock: median(airlock.map(p50)),
      peer: peer && median(peer.map(p50)),
    } as const
    return [
      { ...figure, reference: { name: 'bare etcd put', value: put }, target: TARGET },
      { ...figure, reference: { name: 'put + store-less app', value: put + answer } },
    ]
  })
}

/** One machine alone asks too seldom for the compiler of Node.js to get through with a server soon. */
function warmUp(stage: Stage, subject: Subject): Promise<Measured> {
  return stage.measure(subject, loopOf(stage, subject, 64))
}

function loopOf(stage: Stage, { servers }: Subject, count: number): Load {
  const ports = servers.map(({ port }) => port)
  const connections = machines(count, ports, 'one', LOCK_AND_UNLOCK)
  return { kind: 'loop', connections, ...stage.period }
}
