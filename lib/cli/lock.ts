import type { Command } from 'commander'
import type { Settings } from '../config/settings.js'
import type { GroupGates } from '../gates/gate.js'
import type { Outcome } from '../lock/batch.js'
import { idProblem } from '../semaphore/node-identity.js'
import { EXIT } from './exit-codes.js'
import { addGroupOption } from './group-option.js'
import { confirm } from '../terminal/confirm.js'
import { printable, printableId } from '../terminal/printable.js'
import { fail, withStore, type OperatorContext } from './operator-store.js'
import { pickGroup } from './pick-group.js'
import { addStoreOptions, type StoreOptions } from './store-options.js'
import { wrongCall } from './wrong-call.js'

interface LockOptions extends StoreOptions {
  readonly group?: string
}

interface TakeOptions extends LockOptions {
  readonly ignoreGates?: true
}

interface UnlockOptions extends LockOptions {
  readonly all?: true
  readonly yes?: true
}

const WITHOUT_CONFIGURATION =
  'with --endpoint the configuration is not known: its cap and gates are not looked at'

/** Adds `airlock lock`: takes a slot for a machine, before somebody works on it. */
export function addLock(program: Command, setExitCode: (code: number) => void): void {
  const command = program
    .command('lock')
    .argument('<id>', "the machine's id, as `airlock status` shows it or Zincati sends it")
    .description('take a slot for a machine')
    .option('--ignore-gates', 'whatever windows, blackouts, alerts, checks and the cooldown say')
    .addHelpText(
      'after',
      `
Slots, the cap over all groups and a pause always bind. With --endpoint the configuration, and with it
the cap and all gates but a cooldown that is on, are unknown.

Example:
  airlock lock 2204af7f41984cb19b8cde4edc06c142 -g patroni`,
    )
    .action(async (id: string, _options, self: Command) => {
      const wrong = idProblem(id)
      if (wrong !== undefined) wrongCall(self, `the id of a machine ${wrong}`)
      const options: TakeOptions = self.optsWithGlobals()
      setExitCode(await withStore(options, (context) => lock(id, options, context)))
    })
  addStoreOptions(addGroupOption(command))
}

/** Adds `airlock unlock`: gives back a machine's slot, or all of a group. */
export function addUnlock(program: Command, setExitCode: (code: number) => void): void {
  const command = program
    .command('unlock')
    .argument('[id]', "the machine's id, as `airlock status` shows it")
    .description("free a machine's slot, when the machine will not do it any more")
    .option('--all', 'free every slot of the group')
    .option('--yes', 'do not ask before freeing all')
    .addHelpText(
      'after',
      `
Make sure first that the machine is really down, or its update really over:
its slot is what keeps the next machine up.
Without -g the default group is meant.

Example:
  airlock unlock 2204af7f41984cb19b8cde4edc06c142 -g patroni`,
    )
    .action(async (id: string | undefined, _options, self: Command) => {
      const options: UnlockOptions = self.optsWithGlobals()
      if ((id === undefined) === (options.all !== true)) {
        wrongCall(self, 'name either a machine or --all')
      }
      if (id === '') wrongCall(self, 'the id of a machine must not be empty')
      setExitCode(
        await withStore(options, (context) =>
          id === undefined ? unlockAll(options, context) : unlock(id, options, context),
        ),
      )
    })
  addStoreOptions(addGroupOption(command))
}

async function lock(id: string, options: TakeOptions, context: OperatorContext): Promise<number> {
  if (context.settings === undefined) {
    process.stderr.write(`airlock: ${WITHOUT_CONFIGURATION}\n`)
  }
  const outcome = await ask('lock', id, options, context)
  if ('problem' in outcome) return fail(outcome.problem)
  if (outcome.outcome === 'refused') return reportRefusal(outcome)
  process.stdout.write(`${outcome.outcome === 'acquired' ? 'acquired' : 'already held'}\n`)
  return EXIT.done
}

/** Silent where it worked, as locksmithctl is; but a person at a terminal is told. */
async function unlock(id: string, options: LockOptions, context: OperatorContext): Promise<number> {
  const outcome = await ask('unlock', id, options, context)
  if ('problem' in outcome) return fail(outcome.problem)
  if (outcome.outcome === 'refused') return reportRefusal(outcome)
  if (outcome.outcome === 'released') {
    if (process.stdout.isTTY) process.stdout.write('released\n')
    return EXIT.done
  }
  process.stderr.write('Error unlocking: holder does not exist\n')
  const { unlockHint } = await import('./unlock-hint.js')
  const hint = await unlockHint(id, options.group ?? context.defaultGroup, context)
  if (hint !== undefined) process.stderr.write(`airlock: ${hint}\n`)
  return EXIT.failed
}

async function unlockAll(options: UnlockOptions, context: OperatorContext): Promise<number> {
  const picked = await pickGroup(options.group, context)
  if ('problem' in picked) return fail(picked.problem)
  const { group } = picked
  if (options.yes !== true) {
    if (!process.stdin.isTTY) {
      process.stderr.write('airlock: --all without a terminal to ask on needs --yes\n')
      return EXIT.usage
    }
    const { readOverview } = await import('../lock/overview.js')
    const { groups } = await readOverview(context.store, context.timeoutMs)
    const count = groups.find((each) => each.group === group)?.holders.length ?? 0
    if (!(await confirm(`Free all ${count} held slots of the group ${group}?`))) {
      return fail('nothing was freed')
    }
  }
  const { GroupEditor } = await import('../lock/group-editor.js')
  const cooldownSeconds = configuredGroup(group, context)?.cooldownSeconds ?? 0
  const freed = await new GroupEditor(context).unlockAll(group, cooldownSeconds)
  for (const id of freed) process.stdout.write(`${printableId(id)}\n`)
  return EXIT.done
}

/** Asks through a lane of one request: the same code as the daemon's decides and commits. */
async function ask(
  operation: 'lock' | 'unlock',
  id: string,
  options: TakeOptions,
  context: OperatorContext,
): Promise<Outcome | { readonly problem: string }> {
  const picked = await pickGroup(options.group, context)
  if ('problem' in picked) return picked
  const { group, slots } = picked
  const { GroupLane } = await import('../lock/group-lane.js')
  const { PATIENT_CLIENT } = await import('../lock/pending-request.js')
  const { Turnstile } = await import('../lock/turnstile.js')
  const { WaiterLimit } = await import('../lock/waiting-room.js')
  const { silentEvents } = await import('../telemetry/silent-events.js')
  const asking = new AbortController()
  const ignoresGates = options.ignoreGates === true
  const isGated = operation === 'lock' && !ignoresGates
  const lane = new GroupLane({
    ...context,
    group,
    settings: {
      slots,
      slotsSource: 'store',
      waitTimeoutMs: 0,
      cooldownSeconds: configuredGroup(group, context)?.cooldownSeconds,
      ignoresCooldown: ignoresGates,
      totalSlotsMax: context.settings?.lock.totalSlotsMax,
      gates: isGated ? await gatesOf(group, context, asking.signal) : undefined,
    },
    waiterLimit: new WaiterLimit(0),
    turnstile: new Turnstile(),
    watchStore: () => () => undefined,
    events: silentEvents(),
  })
  try {
    return await (operation === 'lock'
      ? lane.lock(id, PATIENT_CLIENT)
      : lane.unlock(id, PATIENT_CLIENT))
  } finally {
    lane.close()
    asking.abort()
  }
}

function configuredGroup(
  name: string,
  { settings }: OperatorContext,
): Settings['lock']['groups'][number] | undefined {
  return settings?.lock.groups.find((group) => group.name === name)
}

async function gatesOf(
  group: string,
  { settings, clock }: OperatorContext,
  signal: AbortSignal,
): Promise<GroupGates | undefined> {
  if (settings === undefined) return undefined
  const { operatorGates } = await import('../daemon/operator-gates.js')
  return operatorGates(settings, group, { clock, signal })
}

async function reportRefusal(outcome: Outcome & { outcome: 'refused' }): Promise<number> {
  const { replyToRefusal } = await import('../fleetlock/reply-to-refusal.js')
  const { kind, value } = replyToRefusal(outcome.refusal)
  process.stderr.write(`airlock: ${kind}: ${printable(value)}\n`)
  return kind.startsWith('failed_lock') ? EXIT.refused : EXIT.failed
}
