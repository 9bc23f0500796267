import type { Command } from 'commander'
import { MAX_REASON_LENGTH } from '../config/bounds.js'
import { isOneLine } from '../config/one-line.js'
import type { PauseRecord } from '../lock/change.js'
import type { Overview } from '../lock/overview.js'
import { printable } from '../terminal/printable.js'
import { describePause } from './describe-pause.js'
import { EXIT } from './exit-codes.js'
import { addScopeOptions, groupInScope } from './group-option.js'
import { fail, withStore, type OperatorContext } from './operator-store.js'
import { pickGroup } from './pick-group.js'
import { addStoreOptions, type StoreOptions } from './store-options.js'
import { wrongCall } from './wrong-call.js'

interface PauseOptions extends StoreOptions {
  readonly reason: string
}

/** Adds `airlock pause` and `airlock resume`: no new grants, on every replica, until resumed. */
export function addPause(program: Command, setExitCode: (code: number) => void): void {
  const pause = program
    .command('pause')
    .description('grant no slot in a group, or without --group in any; holders may still release')
    .requiredOption('--reason <text>', 'why; the machines and the log are told')
    .addHelpText('after', '\nExample:\n  airlock pause -g patroni --reason "major upgrade"')
    .action(async (_options, self: Command) => {
      const options: PauseOptions = self.optsWithGlobals()
      const group = groupInScope(self)
      const reason = options.reason.trim()
      if (!isOneLine(reason, MAX_REASON_LENGTH)) {
        wrongCall(self, `--reason must be one line of 1 to ${MAX_REASON_LENGTH} characters`)
      }
      setExitCode(await withStore(options, (context) => pauseGroup(group, reason, context)))
    })
  const resume = program
    .command('resume')
    .description('end the pause of a group, or without --group that of all')
    .addHelpText('after', '\nExample:\n  airlock resume -g patroni')
    .action(async (_options, self: Command) => {
      const options: StoreOptions = self.optsWithGlobals()
      const group = groupInScope(self)
      setExitCode(await withStore(options, (context) => resumeGroup(group, context)))
    })
  for (const command of [pause, resume]) addStoreOptions(addScopeOptions(command))
}

async function pauseGroup(
  group: string | undefined,
  reason: string,
  context: OperatorContext,
): Promise<number> {
  const { GroupEditor } = await import('../lock/group-editor.js')
  const editor = new GroupEditor(context)
  if (group === undefined) {
    const replaced = await editor.pauseAll(reason)
    process.stdout.write(`all groups are paused\n${describeReplaced(replaced, reason)}`)
    return EXIT.done
  }
  const picked = await pickGroup(group, context)
  if ('problem' in picked) return fail(picked.problem)
  const replaced = await editor.pause(picked.group, reason)
  process.stdout.write(`the group ${picked.group} is paused\n${describeReplaced(replaced, reason)}`)
  return EXIT.done
}

/** Who pauses over somebody's pause should know: one resume will end both. */
function describeReplaced(replaced: PauseRecord | undefined, reason: string): string {
  if (replaced === undefined) return ''
  const now = replaced.reason === reason ? '' : `; the reason is now: ${reason}`
  return `it was paused already, ${describePause(replaced)}${now}\n`
}

async function resumeGroup(group: string | undefined, context: OperatorContext): Promise<number> {
  const { GroupEditor } = await import('../lock/group-editor.js')
  const editor = new GroupEditor(context)
  if (group === undefined) {
    const wasPaused = await editor.resumeAll()
    process.stdout.write(wasPaused ? 'all groups go on\n' : 'there was no pause of all groups\n')
    return reportStillPaused(context)
  }
  const picked = await pickGroup(group, context)
  if ('problem' in picked) return fail(picked.problem)
  const wasPaused = await editor.resume(picked.group)
  const { pause: ofAll } = await readStored(context)
  const goesOn = ofAll === undefined ? 'goes on' : 'is not paused by itself any more'
  const text = wasPaused ? `the group ${picked.group} ${goesOn}` : `${picked.group} was not paused`
  process.stdout.write(`${text}\n`)
  if (ofAll !== undefined) {
    const how = 'airlock resume --all'
    process.stderr.write(
      `airlock: all groups are still paused ${describePause(ofAll)}; end it with: ${how}\n`,
    )
  }
  return EXIT.done
}

async function readStored({ store, timeoutMs }: OperatorContext): Promise<Overview> {
  const { readOverview } = await import('../lock/overview.js')
  return readOverview(store, timeoutMs)
}

/** Groups keep pauses of their own; who resumes all should know. */
async function reportStillPaused(context: OperatorContext): Promise<number> {
  const { groups } = await readStored(context)
  for (const { group, pause } of groups) {
    if (pause === undefined) continue
    process.stderr.write(
      `airlock: ${group} is still paused by itself: ${printable(pause.reason)}\n`,
    )
  }
  return EXIT.done
}
