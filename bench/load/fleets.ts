import { setTimeout as sleep } from 'node:timers/promises'
import { sendOnce } from './http-connection.js'
import type { Fleet, FleetLoad, LoadRequest } from './load.js'
import type { Recorder } from './recorder.js'

/** Runs a {@link FleetLoad}: all fleets begin at once. */
export async function runFleets({ fleets }: FleetLoad, recorder: Recorder): Promise<void> {
  await Promise.all(
    fleets.map(async (fleet) => {
      const begin = performance.now()
      const rebootedAt = await Promise.all(
        Array.from({ length: fleet.machines }, (_, index) => reboot(fleet, index, recorder)),
      )
      recorder.fleetDone(fleet.name, (Math.max(...rebootedAt) - begin) / 1000)
    }),
  )
}

/** One machine: asks until it may, reboots, and reports. Resolves to when it was up again. */
async function reboot(fleet: Fleet, index: number, recorder: Recorder): Promise<number> {
  const { group, startMs, rebootMs, retryMs } = fleet
  const id = `${fleet.name}-machine-${index}`
  await sleep(Math.random() * startMs)
  while ((await ask({ operation: 'pre-reboot', group, id })) !== '200') await pause()
  await sleep(rebootMs)
  const rebootedAt = performance.now()
  while ((await ask({ operation: 'steady-state', group, id })) !== '200') await pause()
  return rebootedAt

  async function ask(request: LoadRequest): Promise<string> {
    const sentAt = performance.now()
    const status = await sendOnce(fleet.port, request)
    recorder.answered(request.operation, status, performance.now() - sentAt, true)
    return status
  }

  async function pause(): Promise<void> {
    await sleep(retryMs.min + Math.random() * (retryMs.max - retryMs.min))
  }
}
