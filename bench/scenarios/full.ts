import type { Figure } from '../figure.js'
import { sendOnce } from '../load/http-connection.js'
import { machines } from '../load/machines.js'
import type { Contender, Stage } from '../stage.js'
import { compare, CPU, ETCD_CALLS, figureOf, P50, P99, PER_SECOND } from './compare.js'

/** 64 machines ask for one slot that is held. */
export async function full(stage: Stage): Promise<readonly Figure[]> {
  const groups = [{ name: 'full', slots: 1 }]
  const contenders = await stage.startContenders(groups)
  for (const contender of contenders) await holdTheSlot(contender, 'full')
  const storeLess = await stage.startStoreLessApp(groups)
  const results = await compare(
    stage,
    [...contenders, storeLess],
    (ports) => ({
      kind: 'loop',
      connections: machines(64, ports, 'full', ['pre-reboot']),
      ...stage.period,
    }),
    ['200', '423'],
  )
  stage.noteNoise('store-less app', results.storeLess.map(PER_SECOND.of))
  const rows = [
    { ...PER_SECOND, target: { of: 'ratio', atLeast: 0.6 } },
    P50,
    P99,
    ETCD_CALLS,
    CPU,
  ] as const
  return rows.map((row) => figureOf(stage.scenario, results, row))
}

/** Has a machine that never comes back take the only slot of a group. */
export async function holdTheSlot({ name, servers }: Contender, group: string): Promise<void> {
  const port = servers[0]?.port ?? 0
  const status = await sendOnce(port, { operation: 'pre-reboot', group, id: 'holder' })
  if (status !== '200') throw new Error(`${name} answered ${status} to the first of all locks`)
}
