import { replyToRefusal } from '../fleetlock/reply-to-refusal.js'
import type { GroupOverview, HolderOverview } from '../lock/overview.js'
import type { EndpointHealth } from '../store/store.js'
import { MAX_REFUSED_SHOWN, MAX_WAITERS_SHOWN } from './bounds.js'
import type { Replica, StatusGroup, StatusSettings } from './replica.js'
import type {
  GroupReport,
  HolderReport,
  RefusedReport,
  StatusReport,
  StoreReport,
} from './status-report.js'
import type { StoreSight } from './store-view.js'
import { timelineOf } from './timeline.js'

/** What a report is put together from. */
export interface ReportSources {
  /** In milliseconds since the epoch. */
  readonly now: number
  readonly description: string
  readonly settings: StatusSettings
  readonly sight: StoreSight
  readonly replica: Replica
}

/** Puts a report together; nothing is asked for it that is not at hand. */
export function composeReport(sources: ReportSources): StatusReport {
  const { now, settings, sight, replica } = sources
  const overview = sight.seen?.overview
  const held = overview?.groups.reduce((sum, { holders }) => sum + holders.length, 0) ?? null
  const { totalSlotsMax } = settings
  const nameOf = (id: string): string | null => replica.nameOf(id) ?? null
  const timeline = overview === undefined ? [] : timelineOf(overview, sight.seen?.events ?? [])
  return {
    version: 1,
    at: timestamp(now),
    replica: { host: replica.host, version: replica.version },
    store: reportStore(sources),
    paused: overview?.pause ?? null,
    cap: totalSlotsMax === undefined ? null : { slots: totalSlotsMax, held },
    groups: reportGroups(sources),
    timeline: timeline.map(({ group, id, ...hold }) => ({ group, id, name: nameOf(id), ...hold })),
  }
}

function reportStore({ description, sight }: ReportSources): StoreReport {
  const { isReachable, seen, lastError, endpoints } = sight
  return {
    description,
    reachable: isReachable,
    revision: seen?.overview.revision ?? null,
    seen_at: seen === undefined ? null : timestamp(seen.at),
    latency_ms: seen === undefined ? null : roundMs(seen.latencyMs),
    last_error: lastError === undefined ? null : { ...lastError, at: timestamp(lastError.at) },
    endpoints: endpoints.map(reportEndpoint),
  }
}

function reportEndpoint(health: EndpointHealth): StoreReport['endpoints'][number] {
  const { endpoint } = health
  return 'error' in health
    ? { endpoint, answers: false, latency_ms: null, error: health.error }
    : { endpoint, answers: true, latency_ms: roundMs(health.latencyMs), error: null }
}

function reportGroups(sources: ReportSources): readonly GroupReport[] {
  const { settings, sight, replica, now } = sources
  const configured = new Map(settings.groups.map((group) => [group.name, group]))
  const stored = new Map(sight.seen?.overview.groups.map((group) => [group.group, group]))
  const refused = refusedByGroup(sources)
  const names = [...new Set([...configured.keys(), ...stored.keys()])].sort()
  return names.map((name) => ({
    ...reportStored(name, stored.get(name), configured.get(name), sources),
    ...reportWaiters(name, replica),
    refused: refused.get(name) ?? [],
    calendar: configured.get(name)?.calendar.report(now) ?? null,
    gates: replica.gatesOf(name),
  }))
}

function refusedByGroup({ sight, replica }: ReportSources): Map<string, RefusedReport[]> {
  const holding = new Set(
    sight.seen?.overview.groups.flatMap(({ group, holders }) =>
      holders.map(({ id }) => `${group}/${id}`),
    ),
  )
  const refused = new Map<string, RefusedReport[]>()
  for (const { identity, since, at, refusal } of replica.refused().slice(0, MAX_REFUSED_SHOWN)) {
    // Granted since, by another replica or by an operator.
    if (holding.has(`${identity.group}/${identity.id}`)) continue
    const { kind, value: reason } = replyToRefusal(refusal)
    const name = replica.nameOf(identity.id) ?? null
    const list = refused.get(identity.group) ?? []
    refused.set(identity.group, list)
    list.push({ id: identity.id, name, since: timestamp(since), at: timestamp(at), kind, reason })
  }
  return refused
}

function reportStored(
  name: string,
  stored: GroupOverview | undefined,
  configured: StatusGroup | undefined,
  { sight, replica }: ReportSources,
) {
  const slots = stored?.totalSlots ?? configured?.slots ?? 0
  const holders = (stored?.holders ?? []).map((holder) => reportHolder(name, holder, replica))
  return {
    name,
    configured: configured !== undefined,
    slots,
    configured_slots: configured?.slots ?? null,
    ...(sight.seen === undefined
      ? { held: null, free: null, stale: null }
      : {
          held: holders.length,
          free: Math.max(0, slots - holders.length),
          stale: holders.filter(({ stale }) => stale).length,
        }),
    paused: stored?.pause ?? null,
    problem: stored?.problem ?? null,
    cooldown:
      stored?.cooldown === undefined
        ? null
        : { ...stored.cooldown, since: stored.cooldown.since || null },
    holders,
  }
}

function reportHolder(
  group: string,
  { id, since, by, revision }: HolderOverview,
  replica: Replica,
): HolderReport {
  const begin = Date.parse(since ?? '')
  const age = replica.ageOf({
    group,
    id,
    revision,
    since: Number.isFinite(begin) ? begin : undefined,
  })
  return {
    id,
    name: replica.nameOf(id) ?? null,
    since: since ?? null,
    by: by ?? null,
    held_seconds:
      age.heldForMs === undefined ? null : Math.max(0, Math.floor(age.heldForMs / 1000)),
    stale: age.isStale,
  }
}

function reportWaiters(group: string, replica: Replica) {
  const { waiting, first } = replica.waitersOf(group, MAX_WAITERS_SHOWN)
  return {
    waiting,
    waiters: first.map(({ id, since, refusal }) => ({
      id,
      name: replica.nameOf(id) ?? null,
      since: timestamp(since),
      reason: replyToRefusal(refusal).value,
    })),
  }
}

function timestamp(instant: number): string {
  return new Date(instant).toISOString()
}

/** A tenth of a millisecond is as fine as anybody looks. */
function roundMs(durationMs: number): number {
  return Math.round(durationMs * 10) / 10
}
