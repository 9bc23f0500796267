import { percentile } from '../statistics.js'
import type { Latencies, LoadRequest, LoadResult } from './load.js'

/** Collects what one load measures. */
export class Recorder {
  readonly #answers = new Map<string, number>()
  readonly #latencies = { 'pre-reboot': new Array<number>(), 'steady-state': new Array<number>() }
  readonly #startedAt = performance.now()
  readonly #cpuAtStart = process.cpuUsage()
  readonly #fleetSeconds = new Map<string, number>()
  #measuredMs = 0

  /** `isMeasured` is false for what only warms up. */
  answered(
    operation: LoadRequest['operation'],
    status: string,
    latencyMs: number,
    isMeasured: boolean,
  ): void {
    this.#answers.set(status, (this.#answers.get(status) ?? 0) + 1)
    if (isMeasured) this.#latencies[operation].push(latencyMs)
  }

  /** Adds to the time in which the measured answers came. */
  measuredFor(milliseconds: number): void {
    this.#measuredMs += milliseconds
  }

  fleetDone(name: string, seconds: number): void {
    this.#fleetSeconds.set(name, seconds)
  }

  result(): LoadResult {
    const { user, system } = process.cpuUsage(this.#cpuAtStart)
    const all = Object.values(this.#latencies).flat()
    return {
      perSecond: (all.length / this.#measuredMs) * 1000,
      latency: {
        all: summarise(all),
        'pre-reboot': summarise(this.#latencies['pre-reboot']),
        'steady-state': summarise(this.#latencies['steady-state']),
      },
      answers: Object.fromEntries(this.#answers),
      fleetSeconds: Object.fromEntries(this.#fleetSeconds),
      generatorUse: (user + system) / 1000 / (performance.now() - this.#startedAt),
    }
  }
}

function summarise(latencies: readonly number[]): Latencies {
  return { p50: percentile(latencies, 50), p99: percentile(latencies, 99) }
}
