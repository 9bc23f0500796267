import { Option, type Command } from 'commander'
import { DEFAULT_STALE_AFTER_MINUTES } from '../config/bounds.js'
import type { GroupOverview, Overview } from '../lock/overview.js'
import { EXIT } from './exit-codes.js'
import { addShownGroup, shownGroup } from './group-option.js'
import { noSuchGroup } from './no-such-group.js'
import { fail, withStore, type OperatorContext } from './operator-store.js'
import type { PrintedStatus } from './print-overview.js'
import { addStoreOptions, type StoreOptions } from './store-options.js'

interface StatusOptions extends StoreOptions {
  readonly json?: true
  readonly watch?: true
  readonly locksmith?: true
}

/** How often `--watch` looks, in milliseconds. */
const WATCH_INTERVAL_MS = 500

/** Adds `airlock status`: groups and holders, as the store has them. */
export function addStatus(program: Command, setExitCode: (code: number) => void): void {
  const command = program
    .command('status')
    .description('show groups, slots and holders; it only reads')
    .addOption(
      new Option('--json', 'print one JSON object (docs/operating.md describes it)').conflicts(
        'locksmith',
      ),
    )
    .option('--watch', 'print again whenever something changes')
    .option('--locksmith', "print one group in locksmithctl's form")
    .addHelpText('after', '\nExample:\n  airlock status patroni')
    .action(async (argument: string | undefined, _options, self: Command) => {
      const options: StatusOptions = self.optsWithGlobals()
      const group = shownGroup(argument, self)
      setExitCode(await withStore(options, (context) => showStatus(group, options, context)))
    })
  addStoreOptions(addShownGroup(command))
}

async function showStatus(
  name: string | undefined,
  options: StatusOptions,
  context: OperatorContext,
): Promise<number> {
  const { delay } = await import('../calendar/clock.js')
  const { lookAgain } = await import('./look-again.js')
  const { loadStatusDetails } = await import('./status-details.js')
  const details = await loadStatusDetails(context)
  let shown: string | undefined
  const read = lookAgain(
    () => readConfigured(context),
    context,
    WATCH_INTERVAL_MS,
    () => {
      // The line about the trouble is on the screen.
      if (process.stdout.isTTY) shown = undefined
    },
  )
  for (;;) {
    const overview = markStale(await read(), context)
    const chosen = options.locksmith === true ? (name ?? context.defaultGroup) : name
    const selected = select(overview, chosen)
    if (selected === undefined) {
      const configured = (context.settings?.lock.groups ?? []).map((group) => group.name)
      const stored = overview.groups.map(({ group }) => group)
      return fail(noSuchGroup(chosen ?? '', [...configured, ...stored]))
    }
    const broken = selected.groups.find(({ problem }) => problem !== undefined)
    if (options.locksmith === true && broken !== undefined) return fail(broken.problem ?? '')
    const status = {
      overview: selected,
      cap: capOf(overview, context),
      details,
      now: context.clock.now(),
    }
    const text = await render(status, options)
    const isTerminal = process.stdout.isTTY
    const showing = isTerminal ? text : await withoutAges(status, text, options)
    if (showing !== shown) {
      process.stdout.write(options.watch === true && isTerminal ? `\u001b[H\u001b[J${text}` : text)
      shown = showing
    }
    if (options.watch !== true) return EXIT.done
    await delay(context.clock, WATCH_INTERVAL_MS)
  }
}

/** What the store has, and what is configured but not in the store yet. */
export async function readConfigured({
  store,
  timeoutMs,
  settings,
}: OperatorContext): Promise<Overview> {
  const { readOverview } = await import('../lock/overview.js')
  const overview = await readOverview(store, timeoutMs)
  const stored = new Set(overview.groups.map(({ group }) => group))
  const missing: GroupOverview[] = (settings?.lock.groups ?? [])
    .filter(({ name }) => !stored.has(name))
    .map(({ name, slots }) => ({ group: name, totalSlots: slots, holders: [] }))
  return { ...overview, groups: [...overview.groups, ...missing] }
}

/** What all groups hold, also those that are not shown: the cap counts them all. */
function capOf({ groups }: Overview, { settings }: OperatorContext): PrintedStatus['cap'] {
  const slots = settings?.lock.totalSlotsMax
  if (slots === undefined) return null
  const isKnown = groups.every(({ problem }) => problem === undefined)
  const held = groups.reduce((sum, { holders }) => sum + holders.length, 0)
  return { slots, held: isKnown ? held : null }
}

/** Marks who has held for too long. Where it is not known since when, the daemon's metrics know more. */
function markStale(overview: Overview, { clock, settings }: OperatorContext): Overview {
  const minutes = new Map(
    settings?.lock.groups.map(({ name, staleAfterMinutes }) => [name, staleAfterMinutes]),
  )
  const markedGroups = overview.groups.map((group) => {
    const limit = minutes.get(group.group) ?? DEFAULT_STALE_AFTER_MINUTES
    const holders = group.holders.map((holder) => {
      const heldForMs = clock.now() - Date.parse(holder.since ?? '')
      return Number.isNaN(heldForMs)
        ? holder
        : { ...holder, isStale: limit > 0 && heldForMs >= limit * 60_000 }
    })
    return { ...group, holders }
  })
  return { ...overview, groups: markedGroups }
}

function select(overview: Overview, name: string | undefined): Overview | undefined {
  if (name === undefined) return overview
  const groups = overview.groups.filter(({ group }) => group === name)
  return groups.length === 0 ? undefined : { ...overview, groups }
}

/** What would be shown, to compare: in a file, an age that grows is no change, nor is a revision. */
async function withoutAges(
  status: PrintedStatus,
  text: string,
  { locksmith }: StatusOptions,
): Promise<string> {
  if (locksmith === true) return text
  const { overviewToJson } = await import('./print-overview.js')
  const atAnyRevision = { ...status, overview: { ...status.overview, revision: 0 } }
  return JSON.stringify(overviewToJson(atAnyRevision))
}

async function render(status: PrintedStatus, { json, locksmith }: StatusOptions): Promise<string> {
  const print = await import('./print-overview.js')
  const { terminalTraits } = await import('../terminal/style.js')
  if (json === true) return `${JSON.stringify(print.overviewToJson(status), undefined, 2)}\n`
  const [first] = status.overview.groups
  if (locksmith === true && first !== undefined) return print.printAsLocksmith(first)
  return print.printOverview(status, terminalTraits())
}
