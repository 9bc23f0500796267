import type {
  GroupReport,
  HolderReport,
  HoldReport,
  StatusReport,
} from '../../lib/status/status-report.js'

/** When all samples are: in the small hours. */
export const SAMPLE_NOW = Date.UTC(2026, 10, 20, 3, 7, 12)

const MINUTE_MS = 60_000

/** So many minutes before {@link SAMPLE_NOW}. */
export function ago(minutes: number): string {
  return new Date(SAMPLE_NOW - minutes * MINUTE_MS).toISOString()
}

/** A group of which only the given is worth telling. */
export function sampleGroup(name: string, more: Partial<GroupReport> = {}): GroupReport {
  const { holders = [], waiters = [], slots = 1 } = more
  return {
    name,
    configured: true,
    slots,
    configured_slots: slots,
    held: holders.length,
    free: Math.max(0, slots - holders.length),
    stale: holders.filter(({ stale }) => stale).length,
    paused: null,
    problem: null,
    cooldown: null,
    holders,
    waiting: waiters.length,
    waiters,
    refused: [],
    calendar: null,
    gates: [],
    ...more,
  }
}

/** A machine that holds its slot for so many minutes. */
export function sampleHolder(
  id: string,
  minutes: number | null,
  more: Partial<HolderReport> = {},
): HolderReport {
  return {
    id,
    name: null,
    since: minutes === null ? null : ago(minutes),
    by: 'airlock@airlock-1',
    held_seconds: minutes === null ? null : minutes * 60,
    stale: false,
    ...more,
  }
}

/** A time of holding, from and to so many minutes ago; without the second it holds still. */
export function sampleHold(
  group: string,
  id: string,
  [from, to]: readonly [number | null, (number | null)?],
  name: string | null = null,
): HoldReport {
  const isOver = typeof to === 'number'
  return {
    group,
    id,
    name,
    from: from === null ? null : ago(from),
    to: isOver ? ago(to) : null,
    ended: isOver ? 'released' : null,
  }
}

/** A report on a healthy store. */
export function sampleReport(more: Partial<StatusReport> = {}): StatusReport {
  return {
    version: 1,
    at: ago(0),
    replica: { host: 'airlock-1.example.com', version: '0.1.0' },
    store: {
      description: 'etcd at 3 endpoints',
      reachable: true,
      revision: 48_213,
      seen_at: ago(0),
      latency_ms: 2.4,
      last_error: null,
      endpoints: [1, 2, 3].map((number) => ({
        endpoint: `https://etcd-${number}.example.com:2379`,
        answers: true,
        latency_ms: number + 0.3,
        error: null,
      })),
    },
    paused: null,
    cap: null,
    groups: [],
    timeline: [],
    ...more,
  }
}

/** The id of the machine with this number: 32 hex digits, as Zincati's. */
export function machineId(number: number): string {
  const digits = (BigInt(number + 1) * 0x9e3779b97f4a7c15f39cc0605cedc835n) % (1n << 128n)
  return digits.toString(16).padStart(32, '0')
}
