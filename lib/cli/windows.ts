import { InvalidArgumentError, type Command } from 'commander'
import { EXIT } from './exit-codes.js'
import type { GlobalOptions } from './global-options.js'
import { addShownGroup, shownGroup } from './group-option.js'
import { noSuchGroup } from './no-such-group.js'
import { nodeMajor, reportProblems } from './report-problems.js'

interface WindowsOptions extends GlobalOptions {
  readonly count: number
  readonly json?: true
}

const DEFAULT_COUNT = 10

/** More windows of one group than this nobody reads, and each takes a moment to find. */
const MAX_COUNT = 1000

/** Adds `airlock windows`: when the machines of a group may take slots. */
export function addWindows(program: Command, setExitCode: (code: number) => void): void {
  const command = program
    .command('windows')
    .description('show the reboot windows to come, and blackouts; it only reads the configuration')
    .option('-n, --count <number>', 'how many windows of each group', parseCount, DEFAULT_COUNT)
    .option('--json', 'print one JSON object (docs/gates.md describes it)')
    .addHelpText('after', '\nExample:\n  airlock windows patroni --count 3')
    .action(async (argument: string | undefined, _options, self: Command) => {
      setExitCode(await showWindows(shownGroup(argument, self), self.optsWithGlobals()))
    })
  addShownGroup(command)
}

async function showWindows(group: string | undefined, options: WindowsOptions): Promise<number> {
  const { loadSettings } = await import('../config/load-settings.js')
  const loaded = await loadSettings(options.config, process.env, { nodeMajor: nodeMajor() })
  if ('problems' in loaded) return reportProblems(options.config, loaded.problems)
  const { lock, gates } = loaded.settings
  const groups = lock.groups.filter(({ name }) => group === undefined || name === group)
  if (group !== undefined && groups.length === 0) {
    const known = lock.groups.map(({ name }) => name)
    process.stderr.write(`airlock: ${noSuchGroup(group, known)}\n`)
    return EXIT.failed
  }
  const { describeCalendars, printCalendars, calendarsToJson } = await import('./print-windows.js')
  const now = Date.now()
  const calendars = describeCalendars(groups, gates.blackouts, { now, count: options.count })
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(calendarsToJson(calendars, now), undefined, 2)}\n`)
    return EXIT.done
  }
  const { terminalTraits } = await import('../terminal/style.js')
  process.stdout.write(printCalendars(calendars, now, terminalTraits()))
  return EXIT.done
}

function parseCount(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= MAX_COUNT) return count
  throw new InvalidArgumentError(`Expected a number from 1 to ${MAX_COUNT}.`)
}
