import type { Figure, Target, Unit } from '../figure.js'
import type { Load } from '../load/load.js'
import type { Measured, Stage, Subject } from '../stage.js'
import { median } from '../statistics.js'

/** What the rounds have shown of each. */
export interface Comparison {
  readonly airlock: readonly Measured[]
  readonly peer: readonly Measured[] | undefined
  readonly storeLess: readonly Measured[]
}

/** Puts the same load on the contenders and on the store-less app, in turn. */
export async function compare(
  stage: Stage,
  subjects: readonly Subject[],
  loadOn: (ports: readonly number[]) => Load,
  expected?: readonly string[],
): Promise<Comparison> {
  const results = await stage.inTurn(
    subjects.map((subject) => {
      const load = loadOn(subject.servers.map(({ port }) => port))
      return () => stage.measure(subject, load, expected)
    }),
  )
  const of = (name: Subject['name']): readonly Measured[] | undefined =>
    results[subjects.findIndex((subject) => subject.name === name)]
  return { airlock: of('airlock') ?? [], peer: of('peer'), storeLess: of('store-less app') ?? [] }
}

/** A figure, and how it is taken from what was measured in a round. */
export interface Row {
  readonly name: string
  readonly unit: Unit
  readonly of: (measured: Measured) => number
  readonly target?: Target
  /** Whether it is not to be compared with the store-less app. */
  readonly standsAlone?: boolean
}

/** A figure of the medians. */
export function figureOf(scenario: string, results: Comparison, row: Row): Figure {
  const { name, unit, of, target, standsAlone = false } = row
  const { airlock, peer, storeLess } = results
  return {
    scenario,
    name,
    unit,
    airlock: median(airlock.map(of)),
    peer: peer && median(peer.map(of)),
    reference:
      standsAlone || storeLess.length === 0
        ? undefined
        : { name: 'store-less app', value: median(storeLess.map(of)) },
    target,
  }
}

export const PER_SECOND = {
  name: 'requests',
  unit: '/s',
  of: ({ perSecond }: Measured) => perSecond,
} as const

export const P50 = {
  name: 'p50',
  unit: 'ms',
  of: ({ latency }: Measured) => latency.all.p50,
} as const

export const P99 = {
  name: 'p99',
  unit: 'ms',
  of: ({ latency }: Measured) => latency.all.p99,
} as const

export const ETCD_CALLS = {
  name: 'etcd transactions a request',
  unit: '',
  of: ({ etcdCallsPerRequest }: Measured) => etcdCallsPerRequest,
  standsAlone: true,
} as const

export const CPU = {
  name: 'CPU for 1,000 requests',
  unit: 's',
  of: ({ cpuSecondsPer1000 }: Measured) => cpuSecondsPer1000,
} as const
