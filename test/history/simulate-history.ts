import type { History, Operation, SemaphoreRevision, Sighting } from './history.js'

/** A simulated run: its history, and which machines' operations were all answered. */
export interface Simulation {
  readonly history: History
  readonly group: string
  /** Ids of machines without an unknown answer: what they may have done is known exactly. */
  readonly plainIds: readonly string[]
}

interface Event {
  readonly at: number
  readonly happen: () => void
}

interface Machine {
  readonly id: string
  readonly isPlain: boolean
  isHolder: boolean
}

const GROUP = 'simulated'
const MACHINES = 6
const DURATION = 600

/**
 * A correct history by construction: one linearizable semaphore, on which machines lock and unlock
 * with random delays, and some of their requests have unknown answers that took effect in time, late
 * but before the fence, long after (where nobody can say when they were abandoned), or never.
 */
export function simulateHistory(seed: number): Simulation {
  const simulator = new Simulator(randomOf(seed))
  simulator.run()
  return simulator.result()
}

/** Mulberry32: small, and the same everywhere for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

class Simulator {
  readonly #random: () => number
  readonly #events: Event[] = []
  readonly #operations: Operation[] = []
  readonly #sightings: Sighting[] = []
  readonly #revisions: SemaphoreRevision[] = [{ revision: 0, totalSlots: 0, holders: [] }]
  readonly #machines: readonly Machine[]
  /** Requests that wait for the next batch; each is told when and how it ended. */
  #batch: {
    machine: Machine
    operation: 'lock' | 'unlock'
    settle: (answer: Operation['answer']) => void
  }[] = []
  #now = 0

  constructor(random: () => number) {
    this.#random = random
    this.#machines = Array.from({ length: MACHINES }, (_, index) => ({
      id: `m${index}`,
      isPlain: index % 2 === 0,
      isHolder: false,
    }))
  }

  run(): void {
    this.#write({ totalSlots: 1 + Math.floor(this.#random() * 3) })
    for (const machine of this.#machines) this.#later(5, () => this.#ask(machine))
    this.#later(20, () => this.#disturb())
    for (let event = this.#nextEvent(); event !== undefined; event = this.#nextEvent()) {
      this.#now = event.at
      event.happen()
    }
  }

  result(): Simulation {
    return {
      history: {
        operations: this.#operations,
        revisions: new Map([[GROUP, this.#revisions]]),
        sightings: this.#sightings,
      },
      group: GROUP,
      plainIds: this.#machines.filter(({ isPlain }) => isPlain).map(({ id }) => id),
    }
  }

  /** Somebody else writes the document unchanged, changes the slots, or reads. */
  #disturb(): void {
    if (this.#random() < 0.3) this.#write({})
    if (this.#random() < 0.1) this.#write({ totalSlots: Math.floor(this.#random() * 4) })
    const start = this.#now
    this.#later(2, () => {
      const { revision } = this.#newest()
      this.#later(2, () => this.#sightings.push({ group: GROUP, revision, start, end: this.#now }))
    })
    if (this.#now < DURATION) this.#later(20, () => this.#disturb())
  }

  #ask(machine: Machine): void {
    if (this.#now > DURATION) return
    const isChangingItsMind = this.#random() < 0.1
    const operation = machine.isHolder !== isChangingItsMind ? 'unlock' : 'lock'
    const start = this.#now
    const end = (answer: Operation['answer'], abandonedAt?: number): void => {
      const { id } = machine
      const more = abandonedAt === undefined ? {} : { abandonedAt }
      this.#operations.push({ group: GROUP, id, operation, start, end: this.#now, answer, ...more })
      if (answer === 'acquired') machine.isHolder = true
      if (answer === 'released') machine.isHolder = false
      this.#later(10, () => this.#ask(machine))
    }
    if (!machine.isPlain && this.#random() < 0.3) {
      this.#failToAnswer(machine, operation, end)
      return
    }
    this.#later(4, () => {
      this.#batch.push({
        machine,
        operation,
        settle: (answer) => this.#later(4, () => end(answer)),
      })
      this.#later(3, () => this.#serve())
    })
  }

  #failToAnswer(
    machine: Machine,
    operation: 'lock' | 'unlock',
    end: (answer: 'unknown', abandonedAt?: number) => void,
  ): void {
    const how = this.#random()
    if (how < 0.25) {
      this.#later(20, () => end('unknown'))
    } else if (how < 0.5) {
      this.#later(10, () => {
        this.#apply(machine, operation)
        this.#later(10, () => end('unknown'))
      })
    } else if (how < 0.8) {
      // A commit under way: it happens late, or not at all if the document has changed since.
      this.#later(5, () => {
        const { revision } = this.#newest()
        this.#later(5, () => {
          end('unknown')
          this.#later(30, () => {
            if (this.#newest().revision === revision) this.#apply(machine, operation)
          })
        })
      })
    } else {
      this.#later(10, () => end('unknown', Infinity))
      this.#later(60, () => this.#apply(machine, operation))
    }
  }

  /** Releases first, then the grants, all in one revision. */
  #serve(): void {
    const batch = this.#batch
    this.#batch = []
    const { totalSlots, holders } = this.#newest()
    const held = new Set(holders)
    for (const { machine, operation, settle } of batch) {
      if (operation === 'lock') continue
      held.delete(machine.id)
      settle('released')
    }
    for (const { machine, operation, settle } of batch) {
      if (operation === 'unlock') continue
      if (!held.has(machine.id) && held.size >= totalSlots) {
        settle('refused')
      } else {
        held.add(machine.id)
        settle('acquired')
      }
    }
    this.#writeHolders(held)
  }

  #apply({ id }: Machine, operation: 'lock' | 'unlock'): void {
    const { totalSlots, holders } = this.#newest()
    const held = new Set(holders)
    if (operation === 'unlock') held.delete(id)
    else if (held.size < totalSlots) held.add(id)
    this.#writeHolders(held)
  }

  #writeHolders(held: ReadonlySet<string>): void {
    const holders = [...held].sort()
    if (holders.join() !== this.#newest().holders.join()) this.#write({ holders })
  }

  #write(change: Partial<SemaphoreRevision>): void {
    const newest = this.#newest()
    this.#revisions.push({ ...newest, ...change, revision: newest.revision + 1 })
  }

  #newest(): SemaphoreRevision {
    return this.#revisions.at(-1) ?? { revision: 0, totalSlots: 0, holders: [] }
  }

  #later(atMost: number, happen: () => void): void {
    this.#events.push({ at: this.#now + this.#random() * atMost, happen })
  }

  #nextEvent(): Event | undefined {
    this.#events.sort((a, b) => b.at - a.at)
    return this.#events.pop()
  }
}
