import { randomBytes } from 'node:crypto'
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, Operation } from '../history/history.js'
import { preReboot, steadyState } from '../support/fleetlock-request.js'

/** Zincati's times in milliseconds; those of the real one, divided by 1000, unless told. */
export interface FleetTimes {
  /** Between two tries of a request that was not granted, from and to. */
  readonly retry: readonly [number, number]
  /** Between two pre-reboots of a machine that holds its slot while a user is logged in. */
  readonly repeat: number
  readonly reboot: readonly [number, number]
  /** From the first successful steady-state to the next staged update. */
  readonly update: readonly [number, number]
}

/** What a fleet is made of. */
export interface FleetOptions {
  readonly groups: readonly string[]
  readonly machinesPerGroup: number
  /** Where requests go at the moment; each goes to one of them, as through a load balancer. */
  readonly urls: () => readonly string[]
  readonly times?: Partial<FleetTimes>
  /** Above the daemon's own deadline, so that only a daemon that stands still is not waited for. */
  readonly requestTimeoutMs?: number
}

/** A machine was given a slot that it did not hold. */
export interface Grant {
  readonly group: string
  readonly at: number
}

const ZINCATI: FleetTimes = {
  retry: [300, 330],
  repeat: 60,
  reboot: [100, 300],
  update: [20, 100],
}

/** How often a machine that was not granted restarts before it asks again, out of 1. */
const RESTARTS = 0.05

/** How long a fleet that stops may take to give back every slot, in milliseconds. */
const DRAIN_WITHIN_MS = 30_000

/**
 * Machines that behave like Zincati: steady-state until it succeeds, then pre-reboot until granted,
 * perhaps again while the slot is held, then a reboot, and from the beginning. Some restart before
 * they are granted, and so give up what they asked for.
 *
 * INVARIANTS: a machine has one request under way at most; each request that was sent is recorded.
 */
export class Fleet {
  readonly operations: Operation[] = []
  readonly grants: Grant[] = []
  /** Answers that no machine should ever get, in words. */
  readonly surprises: string[] = []
  readonly #options: FleetOptions
  readonly #times: FleetTimes
  // One idle connection a daemon: more would hide in its descriptors what it does not give back.
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 1 })
  #machines: Promise<void>[] = []
  #isStopping = false

  constructor(options: FleetOptions) {
    this.#options = options
    this.#times = { ...ZINCATI, ...options.times }
  }

  /** Begins: all machines boot within a moment. */
  start(): void {
    const { groups, machinesPerGroup } = this.#options
    this.#machines = groups.flatMap((group) =>
      Array.from({ length: machinesPerGroup }, () =>
        this.#live(group, randomBytes(16).toString('hex')),
      ),
    )
  }

  /** Resolves when every machine has given back its slot, and rejects if one cannot. */
  async stop(): Promise<void> {
    this.#isStopping = true
    const tooLate = new AbortController()
    const bound = sleep(DRAIN_WITHIN_MS, undefined, { signal: tooLate.signal }).then(
      () => {
        const last = this.operations.at(-1)
        throw new Error(`machines cannot give their slots back; last: ${JSON.stringify(last)}`)
      },
      () => undefined,
    )
    try {
      await Promise.race([Promise.all(this.#machines), bound])
    } finally {
      tooLate.abort()
      this.#agent.destroy()
    }
  }

  async #live(group: string, id: string): Promise<void> {
    const { retry, repeat, reboot, update } = this.#times
    await sleep(within([0, retry[0]]))
    for (;;) {
      while ((await this.#ask('unlock', group, id)) !== 'released') await sleep(within(retry))
      if (this.#isStopping) return
      await sleep(within(update))
      if (await this.#untilGranted(group, id)) {
        this.grants.push({ group, at: performance.now() })
        for (let again = Math.floor(Math.random() * 3); again > 0; again--) {
          await sleep(repeat)
          await this.#ask('lock', group, id)
        }
        await sleep(within(reboot))
      }
    }
  }

  /** False if it gives up; even then an unknown request may have taken a slot. */
  async #untilGranted(group: string, id: string): Promise<boolean> {
    while (!this.#isStopping) {
      if ((await this.#ask('lock', group, id)) === 'acquired') return true
      if (Math.random() < RESTARTS) return false
      await sleep(within(this.#times.retry))
    }
    return false
  }

  async #ask(operation: 'lock' | 'unlock', group: string, id: string): Promise<Answer> {
    const urls = this.#options.urls()
    const url = urls[Math.floor(Math.random() * urls.length)] ?? ''
    const start = performance.now()
    const { answer, abandonedAt } = await this.#send(url, operation, group, id)
    const end = performance.now()
    const record = { group, id, operation, start, end, answer }
    this.operations.push(abandonedAt === undefined ? record : { ...record, abandonedAt })
    return answer
  }

  async #send(
    url: string,
    operation: 'lock' | 'unlock',
    group: string,
    id: string,
  ): Promise<{ readonly answer: Answer; readonly abandonedAt?: number }> {
    const send = operation === 'lock' ? preReboot : steadyState
    const { requestTimeoutMs: timeoutMs = 8_000 } = this.#options
    try {
      const reply = await send(url, { group, id }, { agent: this.#agent, timeoutMs })
      const { status, kind } = reply
      if (status === 200) return { answer: operation === 'lock' ? 'acquired' : 'released' }
      if (status === 423 && kind === 'failed_lock_semaphore_full') return { answer: 'refused' }
      if (status !== 503) this.surprises.push(`${operation} of ${id}: ${status} ${reply.body}`)
      return { answer: status === 503 ? 'unknown' : 'declined' }
    } catch (error) {
      const { code, name } = causeOf(error)
      if (code === 'ECONNREFUSED') return { answer: 'declined' }
      // A daemon that stands still may go on with the request whenever it wakes.
      const isLeft = name === 'TimeoutError' || name === 'AbortError'
      return isLeft ? { answer: 'unknown', abandonedAt: Infinity } : { answer: 'unknown' }
    }
  }
}

function within([from, to]: readonly [number, number]): number {
  return from + Math.random() * (to - from)
}

function causeOf(error: unknown): { readonly code?: string; readonly name?: string } {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  return cause as { code?: string; name?: string }
}
