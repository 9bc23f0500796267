import type { Figure } from '../figure.js'
import { machines } from '../load/machines.js'
import type { Stage } from '../stage.js'
import { compare, CPU, ETCD_CALLS, figureOf, P99, PER_SECOND } from './compare.js'

const MACHINES = 1_000

/** 1,000 machines that hold nothing report steady-state at once, over connections that are open. */
export async function boot(stage: Stage): Promise<readonly Figure[]> {
  const groups = [{ name: 'boot', slots: 1 }]
  const contenders = await stage.startContenders(groups)
  const storeLess = await stage.startStoreLessApp(groups)
  const results = await compare(stage, [...contenders, storeLess], (ports) => ({
    kind: 'burst',
    connections: machines(MACHINES, ports, 'boot', ['steady-state']),
    ...stage.period,
  }))
  stage.noteNoise('store-less app', results.storeLess.map(PER_SECOND.of))
  const rows = [
    { ...PER_SECOND, target: { of: 'ratio', atLeast: 0.6 } },
    P99,
    ETCD_CALLS,
    CPU,
  ] as const
  return rows.map((row) => figureOf(stage.scenario, results, row))
}
