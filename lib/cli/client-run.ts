import type { Command } from 'commander'
import type { Caller } from '../client/send-request.js'
import {
  addClientOptions,
  callerOf,
  EXIT_CODES_HELP,
  option,
  paceOf,
  reportNoId,
  reportNotDone,
  say,
  zincatiId,
  type ClientOptions,
} from './client-options.js'
import { shellWord } from '../terminal/shell-word.js'
import { WaitProgress } from './client-progress.js'
import { EXIT } from './exit-codes.js'
import { wrongCall } from './wrong-call.js'

const HELP = `
For reboots this is the wrong tool: the command ends, and the slot is given
back, before the machine is down. Right is
  airlock client pre-reboot --url URL --wait && systemctl reboot
and, at boot,
  airlock client steady-state --url URL --wait

It holds under an id of its own, so that it never gives back Zincati's slot.
Of several runs on one machine, each waits for the one before it (with --wait)
or is refused. A run that was killed outright leaves its slot behind; the next
one takes it over and gives it back.

Example:
  airlock client run --url http://10.0.0.1:3333/ --wait 2h -- apt-get -y upgrade
${EXIT_CODES_HELP}`

/** Adds `airlock client run`: a command that runs while this machine holds a slot. */
export function addClientRun(client: Command, setExitCode: (code: number) => void): void {
  const command = client
    .command('run')
    .usage('[options] -- COMMAND [ARGS...]')
    .argument('<command...>', 'what to run; always after --')
    .description('take a slot, run a command, give the slot back')
    .addHelpText('after', HELP)
    .action(async (words: readonly string[], options: ClientOptions, self: Command) => {
      requireDashes(words, self)
      setExitCode(await run(words, options, self))
    })
  // Not AIRLOCK_CLIENT_ID: under that one, this machine may hold a slot for its reboot.
  const id = "the id to hold under (default: this machine's Zincati id, and .run)"
  addClientOptions(command, option('--id <id>', id, 'RUN_ID'))
}

async function run(
  words: readonly string[],
  options: ClientOptions,
  command: Command,
): Promise<number> {
  const zincati = await zincatiId(options)
  if (options.id === undefined && 'problem' in zincati) return reportNoId(zincati.problem)
  const own = 'id' in zincati ? zincati.id : undefined
  const caller = await callerOf(options, options.id ?? `${own ?? ''}.run`, command)
  if (caller.identity.id === own) {
    say(`warning: ${own} is the id of this machine's Zincati, whose slot will be given back too`)
  }
  // Whoever stops reading our lines must not end us while we hold a slot.
  process.stderr.on('error', () => undefined)
  const { runWithSlot } = await import('../client/run-with-slot.js')
  const progress = new WaitProgress(caller.address.shown, options.retryInterval)
  const result = await runWithSlot({
    ...paceOf(options),
    caller,
    command: words,
    say,
    releaseByHand: releaseByHand(caller, options),
    onNotYet: (notYet) => progress.notYet(notYet),
    onGranted: () => progress.done('granted'),
  })
  progress.end()
  switch (result.ended) {
    case 'not-granted':
      return reportNotDone(result.answer)
    case 'interrupted':
      return result.exitCode
    case 'command':
      return result.exitCode === 0 && !result.isReleased ? EXIT.failed : result.exitCode
  }
}

/** Without them, an option of the command could be taken for one of airlock's. */
function requireDashes(words: readonly string[], command: Command): void {
  const { rawArgs } = rootOf(command) as Command & { readonly rawArgs: readonly string[] }
  const dashes = rawArgs.indexOf('--')
  if (dashes >= 0 && rawArgs.length - dashes - 1 === words.length) return
  wrongCall(command, 'the command must stand after --, as in: airlock client run … -- ls -l')
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent)
}

/** The command line that gives the slot back, to be pasted into a shell. */
function releaseByHand({ address, identity }: Caller, { cafile }: ClientOptions): string {
  const words = ['airlock', 'client', 'steady-state', '--url', address.shown]
  words.push('--group', identity.group, '--id', identity.id)
  if (cafile !== undefined) words.push('--cafile', cafile)
  return words.map(shellWord).join(' ')
}
