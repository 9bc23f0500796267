import type { Figure, Target } from '../figure.js'
import type { Fleet } from '../load/load.js'
import { machines } from '../load/machines.js'
import { DEFAULT_GROUP } from '../server-config.js'
import type { Measured, Stage } from '../stage.js'
import { median } from '../statistics.js'

const MACHINES = 50
const SLOTS = [1, 2, 5]

/** By how much all times are shorter than in a real fleet. */
const SCALE = 300

/** Zincati's pause before it asks again, and its longest wait for an answer, less a minute. */
const RETRY_MS = { min: 300_000 / SCALE, max: 330_000 / SCALE }
const WAIT_MS = 1_740_000 / SCALE

/** A machine that is up again after two and a half minutes. */
const REBOOT_MS = 150_000 / SCALE

/** How the machines of a fleet ask. */
interface Plan {
  readonly name: string
  readonly description: string
  readonly slots: number
  readonly mayWait: boolean
  readonly startMs: number
  readonly target: Target | undefined
}

const TARGET: Target = { of: 'ratio', atMost: 1.05 }

/** Zincati asks on a beat of its own, so a real fleet's first requests are spread over a pause. */
const PLANS: readonly Plan[] = SLOTS.flatMap((slots) => [
  {
    name: `waiting-${slots}`,
    description: `${slots} at a time, waiting`,
    slots,
    mayWait: true,
    startMs: RETRY_MS.max,
    target: TARGET,
  },
  {
    name: `at-once-${slots}`,
    description: `${slots} at a time, waiting, all asking at once`,
    slots,
    mayWait: true,
    startMs: 0,
    target: undefined,
  },
  {
    name: `coming-back-${slots}`,
    description: `${slots} at a time, without waiting`,
    slots,
    mayWait: false,
    startMs: RETRY_MS.max,
    target: undefined,
  },
])

/** Fleets in which everybody is to reboot once, with and without waiting, all at the same time. */
export async function rollout(stage: Stage): Promise<readonly Figure[]> {
  const contenders = await stage.startContenders(
    PLANS.map(({ name, slots, mayWait }) => ({
      name,
      slots,
      ...(mayWait && { waitTimeoutMs: WAIT_MS }),
    })),
  )
  const [airlock = [], peer] = await stage.inTurn<Measured>(
    contenders.map((contender) => async () => {
      const port = contender.servers[0]?.port ?? 0
      const connections = machines(MACHINES, [port], DEFAULT_GROUP, ['steady-state'])
      await stage.measure(contender, { kind: 'loop', connections, ...stage.period })
      const fleets = PLANS.map(({ name, startMs }): Fleet => ({
        name,
        port,
        group: name,
        machines: MACHINES,
        startMs,
        rebootMs: REBOOT_MS,
        retryMs: RETRY_MS,
      }))
      return stage.measure(contender, { kind: 'fleets', fleets }, ['200', '423'])
    }),
  )
  return PLANS.map(({ name, description, slots, target }) => {
    const seconds = (rounds: readonly Measured[]): number =>
      median(rounds.map(({ fleetSeconds }) => fleetSeconds[name] ?? NaN))
    return {
      scenario: stage.scenario,
      name: description,
      unit: 's',
      airlock: seconds(airlock),
      peer: peer && seconds(peer),
      reference: {
        name: 'ideal, for 50 machines',
        value: (Math.ceil(MACHINES / slots) * REBOOT_MS) / 1000,
      },
      target,
    }
  })
}
