import { hostname, userInfo } from 'node:os'
import type { Clock } from '../calendar/clock.js'
import type { Problem } from '../config/problem.js'
import type { Settings } from '../config/settings.js'
import type { Store } from '../store/store.js'
import { EXIT } from './exit-codes.js'
import { KEY_OF_FLAG, nameFlags, nameFlagsOf, variableOfKey } from './name-flags.js'
import { nodeMajor, reportProblems } from './report-problems.js'
import type { StoreOptions } from './store-options.js'

/** What a command works with; the store is closed after it. */
export interface OperatorContext {
  readonly store: Store
  readonly clock: Clock
  readonly timeoutMs: number
  /** `user@host`, for the records of changes. */
  readonly by: string
  readonly defaultGroup: string
  /** Undefined where endpoints were given instead of a configuration. */
  readonly settings: Settings | undefined
}

/** Opens the store that the options name, uses it and closes it; returns the exit code. */
export async function withStore(
  options: StoreOptions,
  use: (context: OperatorContext) => Promise<number>,
): Promise<number> {
  process.env['GRPC_VERBOSITY'] ??= 'NONE'
  const loaded = await loadOptions(options)
  if ('problems' in loaded) {
    return reportProblems(loaded.source, loaded.problems, { orEndpoint: true })
  }
  const { settings } = loaded
  // Before this process becomes the store's owner: changes are those of who makes them.
  const by = whoAmI()
  let storeSettings = settings.store
  if (storeSettings.kind === 'embedded') {
    const { actAsOwner } = await import('./act-as-owner.js')
    const owned = await actAsOwner(storeSettings.path)
    if ('problem' in owned) return fail(owned.problem)
    storeSettings = { ...storeSettings, path: owned.path }
  }
  const { commandClock } = await import('../daemon/system-clock.js')
  const { openStore } = await import('../store/open-store.js')
  const { StoreError } = await import('../store/store-error.js')
  const { EditError } = await import('../lock/edit-until-done.js')
  try {
    const opened = await openStore(storeSettings, { clock: commandClock, environment: process.env })
    const configured = options.endpoint === undefined ? settings : undefined
    if ('problems' in opened) {
      const { problems } = opened
      return reportProblems(loaded.source, configured ? problems : problems.map(nameFlagsOf))
    }
    try {
      return await use({
        store: opened.store,
        clock: commandClock,
        timeoutMs: storeSettings.transactionTimeoutMs,
        by,
        defaultGroup: settings.lock.defaultGroupName,
        settings: configured,
      })
    } finally {
      await opened.store.close()
    }
  } catch (error) {
    if (!(error instanceof StoreError || error instanceof EditError)) throw error
    return fail(options.endpoint === undefined ? error.message : nameFlags(error.message))
  }
}

/** Prints a reason and returns the exit code of a failure. */
export function fail(reason: string): number {
  process.stderr.write(`airlock: ${reason}\n`)
  return EXIT.failed
}

type LoadedOptions =
  | { readonly settings: Settings }
  | { readonly source: string; readonly problems: readonly Problem[] }

async function loadOptions(
  options: StoreOptions,
): Promise<LoadedOptions & { readonly source: string }> {
  const version = { nodeMajor: nodeMajor() }
  if (options.endpoint === undefined) {
    const { loadSettings } = await import('../config/load-settings.js')
    const loaded = await loadSettings(options.config, process.env, version)
    return { source: options.config, ...loaded }
  }
  const { parseSettings } = await import('../config/parse-settings.js')
  const environment = { ...process.env }
  for (const flag of Object.keys(KEY_OF_FLAG) as (keyof typeof KEY_OF_FLAG)[]) {
    const value = options[flag]
    if (value === undefined) continue
    environment[variableOfKey(KEY_OF_FLAG[flag])] = [value].flat().join(',')
  }
  const parsed = parseSettings('', environment, version)
  const source = 'the command line'
  if (!('problems' in parsed)) return { source, ...parsed }
  return { source, problems: parsed.problems.map(nameFlagsOf) }
}

/** The person at the keyboard, also behind sudo. */
function whoAmI(): string {
  return `${process.env['SUDO_USER'] ?? userName()}@${hostname()}`
}

/** A container's user may have no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}
