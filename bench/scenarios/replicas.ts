import type { Figure } from '../figure.js'
import type { Load } from '../load/load.js'
import { LOCK_AND_UNLOCK, machines } from '../load/machines.js'
import type { Measured, Stage } from '../stage.js'
import { compare, ETCD_CALLS, figureOf, P50, P99, PER_SECOND } from './compare.js'
import { holdTheSlot } from './full.js'

const ALLOWED = ['200', '423']

/** Churn and full over three daemons on one etcd; any answer but 200 and 423 is one too many. */
export async function replicas(stage: Stage): Promise<readonly Figure[]> {
  const groups = [
    { name: 'churn', slots: 64 },
    { name: 'scarce', slots: 16 },
    { name: 'full', slots: 1 },
  ]
  const contenders = await stage.startContenders(groups, 3)
  for (const contender of contenders) await holdTheSlot(contender, 'full')
  const loads: Readonly<Record<string, (ports: readonly number[]) => Load>> = {
    churn: (ports) => loop(stage, machines(64, ports, 'churn', LOCK_AND_UNLOCK)),
    'churn, 16 slots': (ports) => loop(stage, machines(64, ports, 'scarce', LOCK_AND_UNLOCK)),
    full: (ports) => loop(stage, machines(64, ports, 'full', ['pre-reboot'])),
  }
  const figures: Figure[] = []
  for (const [name, loadOn] of Object.entries(loads)) {
    const results = await compare(stage, contenders, loadOn, ALLOWED)
    const rows = [
      {
        name: 'answers but 200 and 423',
        unit: '',
        of: otherAnswers,
        target: { of: 'value', atMost: 0 },
      },
      PER_SECOND,
      P50,
      P99,
      ETCD_CALLS,
    ] as const
    figures.push(
      ...rows.map((row) =>
        figureOf(stage.scenario, results, { ...row, name: `${name}: ${row.name}` }),
      ),
    )
  }
  return figures
}

function loop(stage: Stage, connections: ReturnType<typeof machines>): Load {
  return { kind: 'loop', connections, ...stage.period }
}

function otherAnswers({ answers }: Measured): number {
  return Object.entries(answers)
    .filter(([status]) => !ALLOWED.includes(status))
    .reduce((sum, [, count]) => sum + count, 0)
}
