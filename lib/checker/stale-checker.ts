import type { Clock } from '../calendar/clock.js'
import type { Hold } from '../lock/read-holders.js'

/** When the holders of a group are stale, and whether they are released then. */
export interface StaleRules {
  readonly name: string
  /** From then on a holder is stale; 0: never. */
  readonly staleAfterMinutes: number
  readonly staleRelease?: { readonly afterMinutes: number; readonly atMostPerDay: number }
}

/** A hold and how long it lasts already. */
export interface JudgedHold {
  readonly hold: Hold
  /** By the record's time; where that is unknown, as long as this replica has seen it. */
  readonly heldForMs: number
}

/** What of a hold its age goes by. */
export type HoldToJudge = Pick<Hold, 'group' | 'id' | 'since' | 'revision'>

/** How old a hold is. */
export interface HoldAge {
  /** Likewise; undefined where neither is known yet. */
  readonly heldForMs: number | undefined
  readonly isStale: boolean
}

/** What a look at a group's holders has found. */
export interface GroupJudgement {
  readonly group: string
  /** Of the oldest holder; 0 if nobody holds. */
  readonly oldestMs: number
  readonly stale: readonly JudgedHold[]
  /** The stale ones that were not so at the look before. */
  readonly newlyStale: readonly JudgedHold[]
  /** Those that may be released by the group's rules, oldest first. */
  readonly toRelease: readonly JudgedHold[]
}

/** A hold since this replica has first seen it. */
interface Sighting {
  readonly revision: number
  /** Monotonic. */
  readonly firstSeenAt: number
  isStale: boolean
}

const MINUTE_MS = 60_000

/**
 * Judges which holders are stale, look by look. It reads and writes nothing.
 *
 * INVARIANTS:
 * - A hold is one and the same while its record has the same revision: a node that releases and takes a
 *   slot again between two looks has a new one.
 * - Only a hold whose beginning is recorded is up for release, and only after this replica has itself seen
 *   it for that long on the monotonic clock: a wrong wall clock, here or at who granted, releases nobody.
 */
export class StaleChecker {
  readonly #clock: Clock
  #rules: readonly StaleRules[]
  #sightings = new Map<string, Sighting>()

  constructor(rules: readonly StaleRules[], clock: Clock) {
    this.#rules = rules
    this.#clock = clock
  }

  /** Judges by other rules from the next look on; what has been seen stays. */
  configure(rules: readonly StaleRules[]): void {
    this.#rules = rules
  }

  /** Judges the configured groups, in their order; `holds` has all holders of each. */
  judge(holds: ReadonlyMap<string, readonly Hold[]>): readonly GroupJudgement[] {
    const sightings = new Map<string, Sighting>()
    const judgements = this.#rules.map((rules) => {
      const judged = (holds.get(rules.name) ?? []).map((hold) => {
        const name = `${hold.group}/${hold.id}`
        const sighting = this.#sightingOf(name, hold)
        sightings.set(name, sighting)
        return { hold, heldForMs: this.#heldForMs(hold, sighting), sighting }
      })
      return this.#judgeGroup(rules, judged)
    })
    this.#sightings = sightings
    return judgements
  }

  /** How a hold of a group stands by what looks have seen of it until now. */
  ageOf(hold: HoldToJudge): HoldAge {
    const known = this.#sightings.get(`${hold.group}/${hold.id}`)
    const sighting = known?.revision === hold.revision ? known : undefined
    if (sighting === undefined && hold.since === undefined) {
      return { heldForMs: undefined, isStale: false }
    }
    const firstSeenAt = sighting?.firstSeenAt ?? this.#clock.monotonic()
    const heldForMs = this.#heldForMs(hold, { firstSeenAt })
    const rules = this.#rules.find(({ name }) => name === hold.group)
    return { heldForMs, isStale: heldForMs >= staleAfterMs(rules?.staleAfterMinutes) }
  }

  #sightingOf(name: string, { revision }: Hold): Sighting {
    const known = this.#sightings.get(name)
    if (known?.revision === revision) return known
    return { revision, firstSeenAt: this.#clock.monotonic(), isStale: false }
  }

  #heldForMs({ since }: HoldToJudge, { firstSeenAt }: Pick<Sighting, 'firstSeenAt'>): number {
    const seenForMs = this.#clock.monotonic() - firstSeenAt
    return since === undefined ? seenForMs : Math.max(seenForMs, this.#clock.now() - since)
  }

  #judgeGroup(
    { name, staleAfterMinutes, staleRelease }: StaleRules,
    judged: readonly (JudgedHold & { readonly sighting: Sighting })[],
  ): GroupJudgement {
    const oldestFirst = [...judged].sort((left, right) => right.heldForMs - left.heldForMs)
    const stale = oldestFirst.filter(
      ({ heldForMs }) => heldForMs >= staleAfterMs(staleAfterMinutes),
    )
    const newlyStale = stale.filter(({ sighting }) => !sighting.isStale)
    for (const { sighting } of newlyStale) sighting.isStale = true
    const seenLongEnoughMs = (staleRelease?.afterMinutes ?? Infinity) * MINUTE_MS
    const toRelease = stale.filter(({ hold, sighting }) => {
      const seenForMs = this.#clock.monotonic() - sighting.firstSeenAt
      return hold.since !== undefined && hold.revision > 0 && seenForMs >= seenLongEnoughMs
    })
    const oldestMs = oldestFirst[0]?.heldForMs ?? 0
    return { group: name, oldestMs, stale, newlyStale, toRelease }
  }
}

/** From when on a hold is stale, in milliseconds; 0 minutes, or no rules at all: never. */
function staleAfterMs(minutes = 0): number {
  return minutes > 0 ? minutes * MINUTE_MS : Infinity
}
