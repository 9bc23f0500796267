import { setTimeout as sleep } from 'node:timers/promises'
import { preReboot, steadyState } from '../support/fleetlock-request.js'

/** Zincati's pace, scaled down: it asks again after 300 to 330 s, and a reboot takes a minute or two. */
export interface Pace {
  readonly retryMs: number
  readonly rebootMs: number
}

/** A Fedora CoreOS machine with an update to install, as its lock server sees it. */
export class SimulatedZincati {
  readonly id: string
  readonly group: string
  readonly #baseUrl: string
  readonly #pace: Pace
  /** What it does at the moment. */
  state: 'starting' | 'asking' | 'rebooting' | 'updated' | 'dead' = 'starting'
  /** The kinds of refusals that it was given. */
  readonly refusals = new Map<string, number>()

  constructor(id: string, group: string, baseUrl: string, pace: Pace) {
    this.id = id
    this.group = group
    this.#baseUrl = baseUrl
    this.#pace = pace
  }

  /** Runs until it is updated; one that `dies` never comes back from its reboot. */
  async run(signal: AbortSignal, dies: boolean): Promise<void> {
    await this.#until(signal, () => steadyState(this.#baseUrl, this))
    this.state = 'asking'
    await this.#until(signal, () => preReboot(this.#baseUrl, this))
    this.state = 'rebooting'
    if (dies) {
      this.state = 'dead'
      return
    }
    await sleep(this.#pace.rebootMs, undefined, { signal })
    await this.#until(signal, () => steadyState(this.#baseUrl, this))
    this.state = 'updated'
  }

  /** Asks until the answer is 2xx, as Zincati does: after its pace and up to a tenth more. */
  async #until(
    signal: AbortSignal,
    ask: () => Promise<{ readonly status: number; readonly kind?: string }>,
  ): Promise<void> {
    for (;;) {
      const { status, kind = 'none' } = await ask()
      if (status >= 200 && status < 300) return
      this.refusals.set(kind, (this.refusals.get(kind) ?? 0) + 1)
      await sleep(this.#pace.retryMs * (1 + Math.random() / 10), undefined, { signal })
    }
  }
}
