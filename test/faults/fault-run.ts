import { expect } from 'chai'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkHistory } from '../history/check-history.js'
import type { History, Operation, SemaphoreRevision, Sighting } from '../history/history.js'
import { recordFigures, type Figures } from './fault-report.js'
import { Fleet, type FleetOptions, type Grant } from './fleet.js'

/** Where the store's own history comes from. */
export interface Observer {
  readonly revisions: ReadonlyMap<string, readonly SemaphoreRevision[]>
  readonly sightings: readonly Sighting[]
  collect(): Promise<unknown>
  stop(): Promise<void>
}

/** A run of one fault, as its scenario sees it. */
export interface FaultRun {
  readonly fleet: Fleet
  /** Does what is wrong; the time is taken before. */
  readonly inject: (action: () => Promise<unknown>) => Promise<void>
  /** Makes it right again; the time is taken after. */
  readonly heal: (action: () => Promise<unknown>) => Promise<void>
  /** Adds figures of the scenario's own. */
  readonly note: (figures: Figures) => void
}

/** What a run has measured; durations in milliseconds, over the worst of the groups. */
export interface RunFigures extends Figures {
  readonly operations: number
  readonly grants: number
  readonly unknown: number
  readonly revisions: number
  /** The longest time without a grant in a group, from the warm-up to the end of the load. */
  readonly longestGapMs: number
  /** The part of the longest such time between fault and healing that came after the fault. */
  readonly grantsResumedMs: number
  /** From the healing to the first grant. */
  readonly grantsAfterHealMs: number
  readonly longestRequestMs: number
  /** From the fault to the end of the last request that failed before the healing. */
  readonly lastFailureMs: number
  /** The same for the last request that took over {@link SLOW_MS}. */
  readonly lastSlowMs: number
}

/** A request that takes longer has waited for an endpoint that does not answer. */
const SLOW_MS = 1_000

const WARM_UP_MS = 1_200
const SETTLE_MS = 1_500

/**
 * Puts a fleet on daemons, lets a scenario break and heal something, and judges the history: nothing
 * lost, nobody let in. It also asserts that each group grants again at the end, by itself.
 */
export async function runFault(
  name: string,
  fleetOptions: FleetOptions,
  observer: Observer,
  scenario: (run: FaultRun) => Promise<void>,
): Promise<RunFigures> {
  const fleet = new Fleet(fleetOptions)
  let injectedAt = Infinity
  let healedAt = Infinity
  try {
    fleet.start()
    const begin = performance.now()
    await sleep(WARM_UP_MS)
    let more: Figures = {}
    await scenario({
      fleet,
      note: (figures) => {
        more = { ...more, ...figures }
      },
      inject: async (action) => {
        injectedAt = performance.now()
        await action()
      },
      heal: async (action) => {
        await action()
        healedAt = performance.now()
      },
    })
    if (healedAt === Infinity) healedAt = performance.now()
    await untilGrants(fleet, fleetOptions.groups, healedAt)
    await sleep(SETTLE_MS)
    const end = performance.now()
    await fleet.stop()
    await observer.collect()
    await observer.stop()
    const times = { begin: begin + WARM_UP_MS / 2, injectedAt, healedAt, end }
    const figures = measure(fleet, fleetOptions.groups, observer, times)
    judge(name, fleet, observer, { ...figures, ...more })
    return figures
  } catch (error) {
    await fleet.stop().catch(() => undefined)
    await observer.stop()
    throw error
  }
}

/** How long a fault may outlive its healing before the run counts as wedged, in milliseconds. */
const WEDGED_AFTER_MS = 20_000

async function untilGrants(fleet: Fleet, groups: readonly string[], since: number): Promise<void> {
  const isGranting = (group: string): boolean =>
    fleet.grants.some((grant) => grant.group === group && grant.at > since)
  while (!groups.every(isGranting)) {
    if (performance.now() > since + WEDGED_AFTER_MS) {
      const wedged = groups.filter((group) => !isGranting(group))
      throw new Error(`no grant in ${wedged.join(', ')} for ${WEDGED_AFTER_MS} ms: wedged`)
    }
    await sleep(20)
  }
}

interface Times {
  readonly begin: number
  readonly injectedAt: number
  readonly healedAt: number
  readonly end: number
}

function measure(
  { operations, grants }: Fleet,
  groups: readonly string[],
  { revisions }: Observer,
  { begin, injectedAt, healedAt, end }: Times,
): RunFigures {
  const worst = (of: (group: string) => number): number => Math.round(Math.max(...groups.map(of)))
  const meanwhile = operations.filter(({ end: at }) => at > injectedAt && at <= healedAt)
  const lengthOf = (operation: Operation): number => operation.end - operation.start
  const lastMs = (isMeant: (operation: Operation) => boolean): number =>
    Math.round(
      meanwhile.reduce(
        (last, one) => (isMeant(one) ? Math.max(last, one.end - injectedAt) : last),
        0,
      ),
    )
  return {
    operations: operations.length,
    grants: grants.length,
    unknown: operations.filter(({ answer }) => answer === 'unknown').length,
    revisions: [...revisions.values()].reduce((sum, list) => sum + list.length - 1, 0),
    longestGapMs: worst((group) => longestGap(grants, group, begin, end)),
    grantsResumedMs: worst((group) => longestGap(grants, group, injectedAt, healedAt)),
    grantsAfterHealMs: worst((group) => {
      const first = grants.find((grant) => grant.group === group && grant.at > healedAt)
      return (first?.at ?? Infinity) - healedAt
    }),
    longestRequestMs: Math.round(
      operations.reduce((most, one) => Math.max(most, lengthOf(one)), 0),
    ),
    lastFailureMs: lastMs(({ answer }) => answer === 'unknown'),
    lastSlowMs: lastMs((operation) => lengthOf(operation) > SLOW_MS),
  }
}

/** The longest time without a grant, of what lies between two moments. */
function longestGap(grants: readonly Grant[], group: string, from: number, to: number): number {
  const inside = grants
    .filter((grant) => grant.group === group && grant.at > from && grant.at < to)
    .map(({ at }) => at)
    .sort((a, b) => a - b)
  let longest = 0
  let previous = from
  for (const at of [...inside, to]) {
    longest = Math.max(longest, at - previous)
    previous = at
  }
  return longest
}

function judge(name: string, fleet: Fleet, observer: Observer, figures: Figures): void {
  const { revisions, sightings } = observer
  const history: History = { operations: fleet.operations, revisions, sightings }
  const violations = checkHistory(history)
  const wrongGrants = violations.filter(({ kind }) => kind === 'grant-beyond-slots').length
  recordFigures(name, { ...figures, wrongGrants, losses: violations.length - wrongGrants })
  expect(violations.slice(0, 5)).to.deep.equal([])
  expect(fleet.surprises).to.deep.equal([])
  for (const [group, list] of revisions) {
    expect(list.at(-1)?.holders, `holders of ${group} when all machines are done`).to.deep.equal([])
  }
}
