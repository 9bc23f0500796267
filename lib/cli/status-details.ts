import type { CalendarReport } from '../status/status-report.js'
import type { OperatorContext } from './operator-store.js'

/** What a configuration adds to what the store has; without one there is nothing to add. */
export interface StatusDetails {
  /** What the calendar of a group says at `now`; null where it has none. */
  calendarAt(group: string, now: number): CalendarReport | null
  /** What people call a node. */
  nameOf(id: string): string | undefined
  /** What the configuration says of a group's slots; the store may have others. */
  configuredSlots(group: string): number | undefined
  /** Whether alerts or health checks, which only a daemon asks, may refuse a group's machines. */
  hasRemoteGates(group: string): boolean
  /** The nodes that people call so. */
  idsNamed(name: string): readonly string[]
}

const NOTHING_KNOWN: StatusDetails = {
  calendarAt: () => null,
  nameOf: () => undefined,
  configuredSlots: () => undefined,
  hasRemoteGates: () => false,
  idsNamed: () => [],
}

/** Takes the details out of the configuration; a file of names that cannot be used is only warned of. */
export async function loadStatusDetails({ settings }: OperatorContext): Promise<StatusDetails> {
  if (settings === undefined) return NOTHING_KNOWN
  const { calendarOfGroup } = await import('../calendar/calendar-of-group.js')
  const { CalendarState } = await import('../status/calendar-state.js')
  const calendars = new Map(
    settings.lock.groups.map((group) => [
      group.name,
      new CalendarState(calendarOfGroup(group, settings.gates.blackouts)),
    ]),
  )
  const slots = new Map(settings.lock.groups.map((group) => [group.name, group.slots]))
  const { prometheus, http } = settings.gates
  const remoteGates = prometheus === undefined ? http : [prometheus, ...http]
  const { nodesPath } = settings.status
  const inFile = nodesPath === undefined ? {} : await readNames(nodesPath)
  const names = new Map(Object.entries({ ...inFile, ...settings.nodes }))
  return {
    calendarAt: (group, now) => calendars.get(group)?.report(now) ?? null,
    nameOf: (id) => names.get(id),
    configuredSlots: (group) => slots.get(group),
    hasRemoteGates: (group) =>
      remoteGates.some(({ groups }) => groups === undefined || groups.includes(group)),
    idsNamed: (wanted) => [...names].flatMap(([id, name]) => (name === wanted ? [id] : [])),
  }
}

async function readNames(path: string): Promise<Readonly<Record<string, string>>> {
  const { readNodesFile } = await import('../daemon/read-nodes-file.js')
  const { value, report } = await readNodesFile(path)
  for (const problem of report.problems) {
    process.stderr.write(`airlock: warning: ${problem.path}: ${problem.message}\n`)
  }
  return value ?? {}
}
