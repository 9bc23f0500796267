import type { Command } from 'commander'
import type { Change } from '../lock/change.js'
import { ALL_GROUPS } from '../lock/keys.js'
import type { GroupEvent } from '../lock/read-events.js'
import { printable, printableId } from '../terminal/printable.js'
import { EXIT } from './exit-codes.js'
import { addShownGroup, shownGroup } from './group-option.js'
import { fail, withStore, type OperatorContext } from './operator-store.js'
import { pickGroup } from './pick-group.js'
import { addStoreOptions, type StoreOptions } from './store-options.js'

interface EventsOptions extends StoreOptions {
  readonly follow?: true
  readonly json?: true
}

/** How often `--follow` looks, in milliseconds. */
const FOLLOW_INTERVAL_MS = 500

/** Adds `airlock events`: what changed lately, by any replica or operator. */
export function addEvents(program: Command, setExitCode: (code: number) => void): void {
  const command = program
    .command('events')
    .description('show what changed lately, by any replica or operator, oldest first')
    .option('-f, --follow', 'go on and print what comes')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', '\nExample:\n  airlock events patroni --follow')
    .action(async (argument: string | undefined, _options, self: Command) => {
      const options: EventsOptions = self.optsWithGlobals()
      const group = shownGroup(argument, self)
      setExitCode(await withStore(options, (context) => showEvents(group, options, context)))
    })
  addStoreOptions(addShownGroup(command))
}

async function showEvents(
  name: string | undefined,
  options: EventsOptions,
  context: OperatorContext,
): Promise<number> {
  const { delay } = await import('../calendar/clock.js')
  const { readEvents } = await import('../lock/read-events.js')
  const { lookAgain } = await import('./look-again.js')
  let groups: string[] | undefined
  if (name !== undefined) {
    const picked = await pickGroup(name, context)
    if ('problem' in picked) return fail(picked.problem)
    groups = [picked.group, ALL_GROUPS]
  }
  const read = lookAgain(
    () => readEvents(context.store, groups, context.timeoutMs),
    context,
    FOLLOW_INTERVAL_MS,
  )
  let seen = 0
  for (;;) {
    for (const event of await read()) {
      if (event.revision <= seen) continue
      seen = event.revision
      process.stdout.write(options.json === true ? printJson(event) : printEvent(event))
    }
    if (options.follow !== true) return EXIT.done
    await delay(context.clock, FOLLOW_INTERVAL_MS)
  }
}

function printJson({ revision, at, by, group, changes }: GroupEvent): string {
  const name = group === ALL_GROUPS ? null : group
  return `${JSON.stringify({ revision, at, by, group: name, changes })}\n`
}

/** One line a change; the first words are those that one looks for. */
function printEvent({ at, by, group, changes }: GroupEvent): string {
  const name = group === ALL_GROUPS ? '(all groups)' : group
  const [when, where, who] = [at, name, by].map(printable)
  return changes.map((change) => `${when}  ${where}  ${describe(change)}  by ${who}\n`).join('')
}

function describe(change: Change): string {
  switch (change.type) {
    case 'granted':
    case 'released':
      return `${change.type} ${printableId(text(change.id))}`
    case 'stale-released':
      return `released ${printableId(text(change.id))}, which had held for too long`
    case 'slots-set':
      return printable(`slots set from ${change.from ?? 'none'} to ${change.to}`)
    case 'paused':
      return `paused: ${printable(text(change.reason))}`
    case 'resumed':
      return 'resumed'
  }
}

/** What is stored may be anything. */
function text(value: unknown): string {
  return String(value)
}
