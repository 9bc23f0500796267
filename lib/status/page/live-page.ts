import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Cancel, Clock } from '../../calendar/clock.js'
import type { StatusReport } from '../status-report.js'
import type { StatusSource } from '../status-source.js'
import { HEARTBEAT_MS, LISTENING_MS, MAX_LISTENERS } from './bounds.js'
import { pageDocument } from './document.js'
import { EventStream } from './event-stream.js'
import { sectionsOf, type Section } from './sections.js'

/** A section, and the update that changed it last. */
interface Placed {
  readonly section: Section
  readonly update: number
}

/**
 * The page and its updates. An update has the sections that differ from what was there before, and the
 * order of the groups; it is numbered, so that whoever was away gets what changed since.
 *
 * INVARIANTS:
 * - The source is watched, and timers run, only while somebody listens.
 * - At most one look at the source is under way for updates; what changes meanwhile is looked at after.
 * - After `close` nobody listens, and nobody can.
 */
export class LivePage {
  readonly #source: StatusSource
  readonly #clock: Clock
  readonly #build: string
  /** Updates of another process, or another replica, have nothing to do with these. */
  readonly #series = randomBytes(6).toString('hex')
  readonly #listeners = new Map<EventStream, Cancel>()
  #placed = new Map<string, Placed>()
  #update = 0
  /** The last update that changed which groups there are, or their order. */
  #reordered = 0
  /** The last update that all who listen have. */
  #sent = 0
  #endWatch: Cancel | undefined
  #isPushing = false
  #isChanged = false
  #isClosed = false

  /** `build` tells one build of script and stylesheet from another. */
  constructor(source: StatusSource, clock: Clock, build: string) {
    this.#source = source
    this.#clock = clock
    this.#build = build
  }

  /** The page as it is now. */
  async draw(): Promise<string> {
    const report = await this.#look()
    const now = Date.parse(report.at)
    const state = { now, since: this.#id, build: this.#build }
    const sections = [...this.#placed.values()].map(({ section }) => section)
    return pageDocument(report, sections, state).toString()
  }

  /**
   * Sends what has changed since an update, then what changes from now on. False, and nothing is
   * answered: too many listen already, or this is closed.
   */
  listen(response: ServerResponse, since: string): boolean {
    if (this.#isClosed || this.#listeners.size >= MAX_LISTENERS) return false
    const listener = new EventStream(response)
    const cancel = this.#clock.schedule(LISTENING_MS, () => listener.end())
    this.#listeners.set(listener, cancel)
    response.once('close', () => this.#leave(listener))
    if (this.#listeners.size === 1) this.#sent = this.#update
    if (this.#placed.size > 0) listener.send(this.#id, this.#message(this.#after(since)))
    this.#endWatch ??= this.#watch()
    this.#push()
    return true
  }

  /** Ends every answer; a stop of the daemon would wait for them. */
  close(): void {
    this.#isClosed = true
    for (const listener of [...this.#listeners.keys()]) {
      listener.end()
      this.#leave(listener)
    }
  }

  /** The ids of the groups, in their order. */
  get #groups(): readonly string[] {
    return [...this.#placed.values()]
      .filter(({ section }) => section.isGroup)
      .map(({ section }) => section.id)
  }

  get #id(): string {
    return `${this.#series}.${this.#update}`
  }

  #leave(listener: EventStream): void {
    this.#listeners.get(listener)?.()
    this.#listeners.delete(listener)
    if (this.#listeners.size > 0) return
    this.#endWatch?.()
    this.#endWatch = undefined
  }

  #watch(): Cancel {
    const unwatch = this.#source.watch(() => this.#push())
    let cancelBeat: Cancel
    const beat = (): void => {
      for (const listener of this.#listeners.keys()) listener.beat()
      // Some of it changes with time alone: a bar grows, a window closes.
      this.#push()
      cancelBeat = this.#clock.schedule(HEARTBEAT_MS, beat)
    }
    cancelBeat = this.#clock.schedule(HEARTBEAT_MS, beat)
    return () => {
      unwatch()
      cancelBeat()
    }
  }

  #push(): void {
    this.#isChanged = true
    if (this.#isPushing) return
    this.#isPushing = true
    void this.#pushAll().finally(() => {
      this.#isPushing = false
    })
  }

  async #pushAll(): Promise<void> {
    while (this.#isChanged && this.#listeners.size > 0) {
      this.#isChanged = false
      await this.#look()
      if (this.#update === this.#sent) continue
      const message = this.#message(this.#sent)
      this.#sent = this.#update
      for (const listener of this.#listeners.keys()) listener.send(this.#id, message)
    }
  }

  /** Takes over what the source says now. */
  async #look(): Promise<StatusReport> {
    const report = await this.#source.read()
    const sections = sectionsOf(report)
    const order = [...this.#placed.keys()]
    const isSame =
      sections.length === order.length &&
      sections.every(({ id, key }, place) => {
        return id === order[place] && key === this.#placed.get(id)?.section.key
      })
    if (isSame) return report
    this.#update += 1
    const groups = sections.filter(({ isGroup }) => isGroup).map(({ id }) => id)
    if (groups.join(' ') !== this.#groups.join(' ')) this.#reordered = this.#update
    this.#placed = new Map(
      sections.map((section) => {
        const old = this.#placed.get(section.id)
        const isOld = old !== undefined && old.section.key === section.key
        return [section.id, isOld ? old : { section, update: this.#update }]
      }),
    )
    return report
  }

  /** The number of an update of this series; 0, before all of them, for what is none. */
  #after(since: string): number {
    const [series, update = ''] = since.split('.')
    return series === this.#series && /^\d{1,15}$/.test(update) ? Number(update) : 0
  }

  #message(since: number): string {
    const now = this.#clock.now()
    const placed = [...this.#placed.values()]
    return JSON.stringify({
      build: this.#build,
      now,
      ...(this.#reordered > since && { groups: this.#groups }),
      html: placed
        .filter(({ update }) => update > since)
        .map(({ section }) => section.draw(now).toString()),
    })
  }
}
