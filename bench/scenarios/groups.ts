import type { Figure } from '../figure.js'
import type { LoadConnection } from '../load/load.js'
import { LOCK_AND_UNLOCK, machineId } from '../load/machines.js'
import type { Stage } from '../stage.js'
import { compare, CPU, ETCD_CALLS, figureOf, P50, P99, PER_SECOND } from './compare.js'

const GROUPS = 1_000

/** As many connections as in the other churns, so that only the number of groups differs. */
const CONNECTIONS = 64

/** One machine in each of 1,000 groups locks and unlocks: nobody shares a transaction with another. */
export async function groups(stage: Stage): Promise<readonly Figure[]> {
  const names = Array.from({ length: GROUPS }, (_, index) => `group-${index}`)
  const configs = names.map((name) => ({ name, slots: 1 }))
  const contenders = await stage.startContenders(configs)
  const storeLess = await stage.startStoreLessApp(configs)
  const results = await compare(stage, [...contenders, storeLess], ([port = 0]) => ({
    kind: 'loop',
    connections: connectionsTo(port, names),
    ...stage.period,
  }))
  const rows = [PER_SECOND, P50, P99, ETCD_CALLS, CPU]
  return rows.map((row) => figureOf(stage.scenario, results, row))
}

function connectionsTo(port: number, names: readonly string[]): readonly LoadConnection[] {
  return Array.from({ length: CONNECTIONS }, (_, connection) => ({
    port,
    requests: names
      .filter((_name, index) => index % CONNECTIONS === connection)
      .flatMap((group) =>
        LOCK_AND_UNLOCK.map((operation) => ({ operation, group, id: machineId(connection) })),
      ),
  }))
}
