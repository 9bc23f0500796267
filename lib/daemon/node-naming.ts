import type { Clock } from '../calendar/clock.js'
import type { NodeNames } from '../config/node-names.js'
import { goodReading, WatchedFiles } from '../credentials/watched-files.js'
import type { Events } from '../telemetry/events.js'
import type { ServiceFile } from './service-files.js'

/** What naming nodes needs. */
export interface NodeNamingOptions {
  readonly clock: Clock
  readonly events: Events
  /** Hears when names may be others than before. */
  readonly onChange: () => void
}

/**
 * What people call their nodes, by the configuration and by a file that may change.
 *
 * INVARIANTS: `start` once, `configure` at any time, then `stop` once; a file of names that cannot be
 * used never replaces one that can.
 */
export class NodeNaming {
  readonly #options: NodeNamingOptions
  #configured: NodeNames = {}
  #file: WatchedFiles<NodeNames> | undefined
  #isStarted = false

  constructor(options: NodeNamingOptions) {
    this.#options = options
  }

  nameOf(id: string): string | undefined {
    return own(this.#configured, id) ?? own(this.#file?.value ?? {}, id)
  }

  /** Begins to look for changes of the file. */
  start(): void {
    this.#isStarted = true
    this.#file?.start()
  }

  stop(): void {
    this.#file?.stop()
  }

  /** Puts other names in force; `file` has no problems. */
  configure(configured: NodeNames, file: ServiceFile<NodeNames> | undefined): void {
    const { clock, events, onChange } = this.#options
    this.#configured = configured
    this.#file?.stop()
    this.#file =
      file &&
      new WatchedFiles(file.read, goodReading(file.first), {
        clock,
        onChange,
        onRefused: (problems) => events.filesRefused('status', 'file of names', problems),
      })
    if (this.#isStarted) this.#file?.start()
  }
}

/** An id may be called like something that every object has. */
function own(names: NodeNames, id: string): string | undefined {
  return Object.hasOwn(names, id) ? names[id] : undefined
}
