import { hostname } from 'node:os'
import { calendarOfGroup } from '../calendar/calendar-of-group.js'
import type { Settings } from '../config/settings.js'
import { CalendarState } from '../status/calendar-state.js'
import { LiveStatus, type LiveStatusOptions } from '../status/live-status.js'
import type { Replica, StatusSettings } from '../status/replica.js'
import type { Events } from '../telemetry/events.js'
import { NodeNaming } from './node-naming.js'
import type { AllServiceFiles } from './service-files.js'

/** What the board takes from the rest of the daemon. */
export interface StatusBoardOptions
  extends
    Omit<LiveStatusOptions, 'replica'>,
    Pick<Replica, 'waitersOf' | 'gatesOf' | 'ageOf' | 'refused'> {
  readonly version: string
  readonly events: Events
}

/**
 * What the daemon shows of itself.
 *
 * INVARIANTS: `start` once, then `configure` any number of times, then `stop` once, after which nothing
 * is told.
 */
export class StatusBoard {
  readonly status: LiveStatus
  readonly #naming: NodeNaming
  /** Whether anybody can look; no reload changes it. */
  readonly #isShown: boolean

  /** `files` are those of the settings, without problems. */
  constructor(settings: Settings, files: AllServiceFiles, options: StatusBoardOptions) {
    const { version, events, waitersOf, gatesOf, ageOf, refused, ...rest } = options
    const { clock } = rest
    this.#isShown = settings.status.enabled
    const onChange = (): void => this.status.noteChange()
    this.#naming = new NodeNaming({ clock, events, onChange })
    this.#naming.configure(settings.nodes, files.nodes)
    this.status = new LiveStatus(shownOf(settings), {
      ...rest,
      replica: {
        host: hostname(),
        version,
        waitersOf,
        gatesOf,
        ageOf,
        nameOf: (id) => this.#naming.nameOf(id),
        refused,
      },
    })
  }

  /** Begins to watch the file of names, and the store. */
  start(): void {
    this.#naming.start()
    if (this.#isShown) this.status.start()
  }

  /** Puts other settings and their files, which have no problems, in force, at a reload. */
  configure(settings: Settings, files: AllServiceFiles): void {
    this.#naming.configure(settings.nodes, files.nodes)
    this.status.configure(shownOf(settings))
  }

  stop(): void {
    this.#naming.stop()
    this.status.stop()
  }
}

function shownOf({ lock, gates }: Settings): StatusSettings {
  return {
    groups: lock.groups.map((group) => ({
      name: group.name,
      slots: group.slots,
      calendar: new CalendarState(calendarOfGroup(group, gates.blackouts)),
    })),
    totalSlotsMax: lock.totalSlotsMax,
  }
}
