import { InvalidArgumentError, type Command } from 'commander'
import { EXIT } from './exit-codes.js'
import { addGroupOption } from './group-option.js'
import { fail, withStore, type OperatorContext } from './operator-store.js'
import { pickGroup } from './pick-group.js'
import { addStoreOptions, type StoreOptions } from './store-options.js'

interface SetSlotsOptions extends StoreOptions {
  readonly group?: string
}

interface SlotsSet {
  readonly group: string
  readonly old: number | undefined
  /** The end of a sentence; empty where the configuration only initialises groups, or is not known. */
  readonly untilWhen: string
}

/** As many as a configuration allows. */
const MAX_SLOTS = 1_000_000

/** Adds `airlock set-slots`, and `set-max`, which prints as locksmithctl does. */
export function addSetSlots(program: Command, setExitCode: (code: number) => void): void {
  const add = (name: string, print: (set: SlotsSet, now: number) => string): void => {
    const command = program
      .command(name)
      .argument('<number>', 'how many machines of the group may be down at once', parseSlots)
      .description(
        name === 'set-max'
          ? "the same as set-slots, printing in locksmithctl's form"
          : "set a group's slots, until its number in the configuration changes",
      )
      .addHelpText('after', `\nExample:\n  airlock ${name} 2 -g workers`)
      .action(async (slots: number, _options, self: Command) => {
        const options: SetSlotsOptions = self.optsWithGlobals()
        setExitCode(
          await withStore(options, async (context) => {
            const set = await setSlots(slots, options, context)
            if ('problem' in set) return fail(set.problem)
            process.stdout.write(print(set, slots))
            return EXIT.done
          }),
        )
      })
    addStoreOptions(addGroupOption(command))
  }
  add('set-slots', ({ group, old, untilWhen }, now) =>
    old === now
      ? `${group}: slots ${now}, unchanged\n`
      : `${group}: slots ${old ?? 'none'} -> ${now}${untilWhen}\n`,
  )
  add('set-max', ({ old }, now) => `Old-Max: ${old ?? 0}\nMax: ${now}\n`)
}

async function setSlots(
  slots: number,
  options: SetSlotsOptions,
  context: OperatorContext,
): Promise<SlotsSet | { readonly problem: string }> {
  const picked = await pickGroup(options.group, context)
  if ('problem' in picked) return picked
  const { GroupEditor } = await import('../lock/group-editor.js')
  const old = await new GroupEditor(context).setSlots(picked.group, slots)
  const isForATime = context.settings?.lock.slotsSource === 'config'
  const untilWhen = isForATime ? ', until the number in the configuration changes' : ''
  return { group: picked.group, old, untilWhen }
}

function parseSlots(text: string): number {
  const slots = /^\d+$/.test(text) ? Number(text) : Infinity
  if (slots > MAX_SLOTS) {
    throw new InvalidArgumentError(`Allowed are whole numbers from 0 to ${MAX_SLOTS}.`)
  }
  return slots
}
