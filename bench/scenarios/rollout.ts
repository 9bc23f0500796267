import type { Figure } from '../figure.js'
import type { Fleet } from '../load/load.js'
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

/** A fleet in which everybody wants to reboot at the same moment, with and without waiting. */
export async function rollout(stage: Stage): Promise<readonly Figure[]> {
  const plans = [true, false].flatMap((mayWait) =>
    SLOTS.map((slots) => ({ mayWait, slots, name: `${mayWait ? 'waiting' : 'at-once'}-${slots}` })),
  )
  const contenders = await stage.startContenders(
    plans.map(({ name, slots, mayWait }) => ({
      name,
      slots,
      ...(mayWait && { waitTimeoutMs: WAIT_MS }),
    })),
  )
  const [airlock = [], peer] = await stage.inTurn<Measured>(
    contenders.map((contender) => () => {
      const port = contender.servers[0]?.port ?? 0
      const fleets = plans.map(({ name }): Fleet => ({
        name,
        port,
        group: name,
        machines: MACHINES,
        rebootMs: REBOOT_MS,
        retryMs: RETRY_MS,
      }))
      return stage.measure(contender, { kind: 'fleets', fleets }, ['200', '423'])
    }),
  )
  return plans.map(({ name, slots, mayWait }) => {
    const seconds = (rounds: readonly Measured[]): number =>
      median(rounds.map(({ fleetSeconds }) => fleetSeconds[name] ?? NaN))
    const ideal = (Math.ceil(MACHINES / slots) * REBOOT_MS) / 1000
    return {
      scenario: stage.scenario,
      name: `50 machines, ${slots} at a time, ${mayWait ? 'waiting' : 'without waiting'}`,
      unit: 's',
      airlock: seconds(airlock),
      peer: peer && seconds(peer),
      reference: { name: 'ideal', value: ideal },
      target: mayWait ? { of: 'ratio', atMost: 1.05 } : undefined,
    }
  })
}
