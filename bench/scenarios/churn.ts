import type { Figure } from '../figure.js'
import { LOCK_AND_UNLOCK, machines } from '../load/machines.js'
import type { Stage } from '../stage.js'
import { compare, CPU, ETCD_CALLS, figureOf, P50, P99, PER_SECOND } from './compare.js'

/** 64 machines lock and unlock in one group with room for all. */
export async function churn(stage: Stage): Promise<readonly Figure[]> {
  const groups = [{ name: 'churn', slots: 64 }]
  const contenders = await stage.startContenders(groups)
  const storeLess = await stage.startStoreLessApp(groups)
  const results = await compare(stage, [...contenders, storeLess], (ports) => ({
    kind: 'loop',
    connections: machines(64, ports, 'churn', LOCK_AND_UNLOCK),
    ...stage.period,
  }))
  stage.noteNoise('store-less app', results.storeLess.map(PER_SECOND.of))
  const rows = [
    { ...PER_SECOND, target: { of: 'ratio', atLeast: 0.5 } },
    P50,
    P99,
    { ...ETCD_CALLS, target: { of: 'value', atMost: 0.1 } },
    CPU,
  ] as const
  return rows.map((row) => figureOf(stage.scenario, results, row))
}
