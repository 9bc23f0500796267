import {
  calendarOfGroup,
  type GroupBlackout,
  type GroupRules,
} from '../calendar/calendar-of-group.js'
import type { RebootCalendar } from '../calendar/reboot-calendar.js'
import { BlackoutGate } from './blackout-gate.js'
import type { Gate } from './gate.js'
import { GateChain, type GateReport } from './gate-chain.js'
import { HttpCheck, HttpGate, type HttpCheckOptions } from './http-gate.js'
import { PrometheusGate, type PrometheusOptions, type RemoteContext } from './prometheus-gate.js'
import { RebootWindowGate } from './reboot-window-gate.js'

/** Whom something holds for. */
export interface ForGroups {
  /** Left out, all. */
  readonly groups?: readonly string[]
}

/** The gates of all groups, as they are configured. */
export interface GatesSettings {
  readonly groups: readonly GroupRules[]
  readonly blackouts: readonly GroupBlackout[]
  readonly prometheus?: PrometheusOptions & ForGroups
  readonly http: readonly (HttpCheckOptions & ForGroups)[]
}

/** What gates need. */
export interface GatesContext extends RemoteContext {
  /** Hears what each gate says whenever it is asked. */
  readonly onVerdict: (report: GateReport) => void
}

/**
 * The gates of each group that has any. Remote ones are shared: groups that ask at the same moment cause
 * one question.
 *
 * @throws RangeError when a time zone, a day or a pattern is none, which the configuration rules out
 */
export function createGates(
  settings: GatesSettings,
  context: GatesContext,
): ReadonlyMap<string, GateChain> {
  const { prometheus } = settings
  const alerts = prometheus === undefined ? undefined : new PrometheusGate(prometheus, context)
  const checks = settings.http.map((options) => ({
    groups: options.groups,
    check: new HttpCheck(options, context),
  }))
  const chains = new Map<string, GateChain>()
  for (const group of settings.groups) {
    const { name } = group
    const local = localGates(calendarOfGroup(group, settings.blackouts))
    const remote: Gate[] = []
    if (alerts !== undefined && holdsFor(prometheus ?? {}, name)) remote.push(alerts)
    const own = checks.filter((each) => holdsFor(each, name)).map(({ check }) => check)
    if (own.length > 0) remote.push(new HttpGate(own))
    if (local.length + remote.length === 0) continue
    chains.set(name, new GateChain(name, { local, remote }, context))
  }
  return chains
}

/** The blackout comes first: people who read a refusal then learn its reason. */
function localGates(calendar: RebootCalendar): readonly Gate[] {
  return [
    ...(calendar.hasBlackouts ? [new BlackoutGate(calendar)] : []),
    ...(calendar.hasWindows ? [new RebootWindowGate(calendar)] : []),
  ]
}

function holdsFor({ groups }: { groups?: readonly string[] | undefined }, group: string): boolean {
  return groups?.includes(group) ?? true
}
