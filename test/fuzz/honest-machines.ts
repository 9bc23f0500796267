import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { preReboot, steadyState } from '../support/fleetlock-request.js'

/** How honest machines fared. */
export interface HonestFigures {
  readonly requests: number
  readonly reboots: number
  readonly slowestMs: number
  /** What they were answered but 200 or "full", or what else went wrong. */
  readonly failures: readonly string[]
}

/**
 * Machines of one group that reboot again and again as Zincati does, and notice when more of them are
 * down at once than the group has slots.
 */
export class HonestMachines {
  readonly #url: string
  readonly #group: string
  readonly #slots: number
  readonly #agent = new Agent({ keepAlive: true })
  readonly #failures: string[] = []
  readonly #loops: Promise<void>[]
  #requests = 0
  #reboots = 0
  #slowestMs = 0
  #down = 0
  #isStopping = false

  constructor(url: string, group: string, slots: number, machines: number) {
    this.#url = url
    this.#group = group
    this.#slots = slots
    this.#loops = Array.from({ length: machines }, (_, index) => this.#live(`honest-${index}`))
  }

  /** Ends when each has given back its slot. */
  async stop(): Promise<HonestFigures> {
    this.#isStopping = true
    await Promise.all(this.#loops)
    this.#agent.destroy()
    return {
      requests: this.#requests,
      reboots: this.#reboots,
      slowestMs: Math.round(this.#slowestMs),
      failures: this.#failures,
    }
  }

  async #live(id: string): Promise<void> {
    while (!this.#isStopping) {
      await sleep(5 + Math.random() * 20)
      const granted = await this.#ask(preReboot, id)
      if (granted === 423) continue
      this.#down += 1
      if (this.#down > this.#slots) this.#failures.push(`${this.#down} machines are down at once`)
      await sleep(Math.random() * 10)
      this.#down -= 1
      this.#reboots += 1
      if ((await this.#ask(steadyState, id)) !== 200) this.#failures.push('a release was refused')
    }
  }

  async #ask(send: typeof preReboot, id: string): Promise<number> {
    const begin = performance.now()
    this.#requests += 1
    try {
      const params = { id, group: this.#group }
      const { status, body } = await send(this.#url, params, { agent: this.#agent })
      if (status !== 200 && status !== 423) this.#failures.push(`${status}: ${body}`)
      return status === 200 ? 200 : 423
    } catch (error) {
      this.#failures.push(String(error))
      return 423
    } finally {
      this.#slowestMs = Math.max(this.#slowestMs, performance.now() - begin)
    }
  }
}
