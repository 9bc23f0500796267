import type { GroupReport, HoldReport, StatusReport } from '../../lib/status/status-report.js'
import {
  ago,
  machineId,
  sampleGroup,
  sampleHold,
  sampleHolder,
  sampleReport,
} from './sample-reports.js'

const WINDOWS = {
  time_zone: 'Europe/Berlin',
  open: true,
  changes_at: '2026-11-20T05:00:00.000Z',
  blackout: null,
}

const CHECKS: GroupReport['gates'] = [
  { gate: 'prometheus', state: 'open', since: ago(190), asked_at: ago(1), reason: null },
  { gate: 'http', state: 'open', since: ago(1210), asked_at: ago(1), reason: null },
]

/** A rollout over `machines`, each of which takes its slot when one of the `slots` is free. */
function rollout(group: string, machines: number, slots: number, stem: string): HoldReport[] {
  const holds: HoldReport[] = []
  for (let number = 0; number < machines; number += 1) {
    const wave = Math.floor(number / slots)
    const from = 142 - wave * 12 - (number % slots) * 1.7
    const to = from - 8 - ((number * 7) % 5)
    const name = `${stem}-${String(number + 1).padStart(2, '0')}`
    holds.push(sampleHold(group, machineId(number), [from, to > 0 ? to : null], name))
  }
  return holds
}

const patroni = sampleGroup('patroni', {
  configured_slots: 1,
  gates: CHECKS,
  calendar: { ...WINDOWS, open: false, changes_at: '2026-11-24T02:00:00.000Z' },
})

const workerHolds = rollout('workers', 24, 2, 'worker')

const workers = sampleGroup('workers', {
  slots: 2,
  holders: workerHolds
    .filter(({ to }) => to === null)
    .map(({ id, name }, place) => sampleHolder(id, 10 - place * 1.7, { name })),
  waiters: [24, 25, 26].map((number, place) => ({
    id: machineId(number),
    name: `worker-${number + 1}`,
    since: ago(6 - place * 1.4),
    reason: 'all 2 semaphore slots currently locked',
  })),
  calendar: WINDOWS,
  gates: CHECKS,
})

const edge = sampleGroup('edge', {
  slots: 64,
  holders: Array.from({ length: 23 }, (_, number) =>
    sampleHolder(machineId(500 + number), 31 - number * 1.3),
  ),
})

/** Nothing has ever happened. */
const empty = sampleReport({ groups: [sampleGroup('default')] })

/** A rollout goes on, as it should. */
const busy = sampleReport({
  cap: { slots: 80, held: 25 },
  groups: [sampleGroup('default'), edge, patroni, workers],
  timeline: workerHolds,
})

const dead = machineId(77)

/** A machine has died while it held the only slot. */
const stuck = sampleReport({
  groups: [
    sampleGroup('default'),
    sampleGroup('patroni', {
      gates: CHECKS,
      calendar: WINDOWS,
      holders: [sampleHolder(dead, 192, { name: 'db-2', stale: true })],
      refused: [78, 79].map((number) => ({
        id: machineId(number),
        name: `db-${number - 75}`,
        since: ago(170),
        at: ago(2 + number - 78),
        kind: 'failed_lock_semaphore_full',
        reason: 'all 1 semaphore slots currently locked',
      })),
    }),
    workers,
  ],
  timeline: [
    sampleHold('patroni', machineId(78), [231, 219], 'db-3'),
    sampleHold('patroni', machineId(79), [214, 203], 'db-4'),
    sampleHold('patroni', dead, [192], 'db-2'),
    ...workerHolds,
  ],
})

/** An operator has stopped everything, and one group by itself. */
const paused = sampleReport({
  paused: { reason: 'incident 7: the switches of hall B', since: ago(5), by: 'anna@bastion' },
  groups: [
    sampleGroup('default'),
    sampleGroup('patroni', {
      paused: { reason: 'fail-over test', since: ago(1520), by: 'jonas@bastion' },
      slots: 2,
      configured_slots: 1,
      calendar: {
        ...WINDOWS,
        open: false,
        // The first window after the blackout.
        changes_at: '2026-12-01T02:00:00.000Z',
        blackout: { reason: 'month-end closing', until: '2026-11-30T23:00:00.000Z' },
      },
      gates: [
        {
          gate: 'prometheus',
          state: 'error',
          since: ago(1530),
          asked_at: ago(1521),
          reason: 'no answer within 5000 ms',
        },
        { gate: 'http', state: 'not_asked', since: null, asked_at: null, reason: null },
      ],
    }),
    {
      ...workers,
      waiting: 0,
      waiters: [],
      // Nobody is asked since the pause.
      gates: CHECKS.map((gate) => ({ ...gate, asked_at: ago(8.3) })),
    },
  ],
  timeline: workerHolds,
})

/** etcd has been away for some minutes. */
const storeDown = sampleReport({
  store: {
    description: 'etcd at 3 endpoints',
    reachable: false,
    revision: 48_213,
    seen_at: ago(4.4),
    latency_ms: null,
    last_error: { at: ago(0.02), reason: 'no endpoint answered within 3000 ms' },
    endpoints: [1, 2, 3].map((number) => ({
      endpoint: `https://etcd-${number}.example.com:2379`,
      answers: number === 1,
      latency_ms: number === 1 ? 3.1 : null,
      error:
        number === 1 ? null : `nothing listens at 192.0.2.1${number}:2379 (connection refused)`,
    })),
  },
  groups: [sampleGroup('default'), patroni, { ...workers, waiting: 0, waiters: [] }],
  timeline: workerHolds,
})

/** What the page can be asked to show, by name. */
export const SAMPLE_STATES = { empty, busy, stuck, paused, 'store-down': storeDown } as const

/** A fleet of so many groups, of which one in a hundred needs attention. */
export function largeReport(groups: number): StatusReport {
  return sampleReport({
    groups: Array.from({ length: groups }, (_, number) => {
      const name = `group-${String(number).padStart(4, '0')}`
      const holder = sampleHolder(machineId(number), 5 + (number % 50), {
        stale: number % 100 === 7,
      })
      const pause = { reason: 'maintenance', since: ago(300), by: 'anna@bastion' }
      return sampleGroup(name, {
        ...(number % 3 === 1 ? { holders: [holder] } : { slots: 2 }),
        paused: number % 100 === 50 ? pause : null,
      })
    }),
  })
}

/** One group with so many holders, all of which have come lately. */
export function crowdedReport(holders: number): StatusReport {
  return sampleReport({
    groups: [
      sampleGroup('edge', {
        slots: holders,
        holders: Array.from({ length: holders }, (_, number) =>
          sampleHolder(machineId(number), 40 - number / holders),
        ),
      }),
    ],
    timeline: Array.from({ length: 128 }, (_, number) =>
      sampleHold('edge', machineId(number), [40 - number / 10]),
    ),
  })
}
