import { semaphoreKey } from '../../lib/lock/keys.js'
import { printSemaphore } from '../../lib/semaphore/semaphore-document.js'
import { putRaw } from '../../test/support/etcdctl.js'
import type { Figure } from '../figure.js'
import { machineId } from '../load/machines.js'
import type { Load, LoadRequest } from '../load/load.js'
import type { Contender, Measured, Stage } from '../stage.js'
import { median } from '../statistics.js'

/** Holders of the groups that are compared. */
const SIZES = { small: 10, large: 5_000 }

/** Room for one more machine, which locks and unlocks. */
const SLOTS = SIZES.large + 1

/** What a lock costs in a group of 5,000 holders, beside one of 10. */
export async function large(stage: Stage): Promise<readonly Figure[]> {
  const groups = [
    { name: 'small', slots: SLOTS },
    { name: 'large', slots: SLOTS },
  ]
  const contenders = await stage.startContenders(groups, 1, async (etcd) => {
    for (const [group, size] of Object.entries(SIZES)) {
      // Every second id, so that the machine comes to stand in the middle.
      const holders = Array.from({ length: size }, (_, index) => machineId(2 * index))
      const document = printSemaphore({ totalSlots: SLOTS, holders })
      await putRaw(etcd, semaphoreKey(group), document)
    }
  })
  const measurements = contenders.flatMap((contender) =>
    (['small', 'large'] as const).map(
      (group) => () => stage.measure(contender, loadOn(contender, group, stage)),
    ),
  )
  const [small = [], big = [], peerSmall, peerBig] = await stage.inTurn<Measured>(measurements)
  return (['pre-reboot', 'steady-state'] as const).map((operation) => {
    const p50 = (rounds: readonly Measured[]): number =>
      median(rounds.map(({ latency }) => latency[operation].p50))
    const isLock = operation === 'pre-reboot'
    return {
      scenario: stage.scenario,
      name: `${isLock ? 'lock' : 'unlock'} among 5,000, p50`,
      unit: 'ms',
      airlock: p50(big),
      peer: peerBig && p50(peerBig),
      reference: {
        name: peerSmall ? `among 10 (peer ${p50(peerSmall).toFixed(1)} ms)` : 'among 10',
        value: p50(small),
      },
      target: isLock ? { of: 'ratio', atMost: 5 } : undefined,
    }
  })
}

function loadOn({ servers }: Contender, group: keyof typeof SIZES, stage: Stage): Load {
  const id = machineId(SIZES[group] + 1)
  const requests: readonly LoadRequest[] = [
    { operation: 'pre-reboot', group, id },
    { operation: 'steady-state', group, id },
  ]
  const connections = [{ port: servers[0]?.port ?? 0, requests }]
  return { kind: 'loop', connections, ...stage.period }
}
