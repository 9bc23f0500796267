import type { Command, Option } from 'commander'
import { PRE_REBOOT_PATH, STEADY_STATE_PATH } from '../fleetlock/protocol.js'
import {
  addClientOptions,
  callerOf,
  EXIT_CODES_HELP,
  option,
  paceOf,
  reportLostGrant,
  reportNoId,
  reportNotDone,
  zincatiId,
  type ClientOptions,
} from './client-options.js'
import { WaitProgress } from './client-progress.js'
import { EXIT } from './exit-codes.js'

/** One of the protocol's two requests, and what is said when it was done after a wait. */
interface Operation {
  readonly path: string
  readonly done: string
}

const PRE_REBOOT: Operation = { path: PRE_REBOOT_PATH, done: 'granted' }
const STEADY_STATE: Operation = { path: STEADY_STATE_PATH, done: 'released' }

const idOption = (): Option =>
  option('--id <id>', "the id to hold under (default: this machine's Zincati id)", 'ID')

/** Adds `airlock client pre-reboot`: asks for the slot to reboot under. */
export function addClientPreReboot(client: Command, setExitCode: (code: number) => void): void {
  const command = client
    .command('pre-reboot')
    .description('ask for a slot, which this machine then holds until its steady-state')
    .addHelpText(
      'after',
      `
Example:
  airlock client pre-reboot --url http://10.0.0.1:3333/ --wait \\
    && systemctl reboot
${EXIT_CODES_HELP}`,
    )
    .action(async (options: ClientOptions, self: Command) => {
      setExitCode(await ask(PRE_REBOOT, options, self))
    })
  addClientOptions(command, idOption())
}

/** Adds `airlock client steady-state`: gives the slot back after the reboot. */
export function addClientSteadyState(client: Command, setExitCode: (code: number) => void): void {
  const command = client
    .command('steady-state')
    .description('say that this machine is up and well: gives back its slot, if it holds one')
    .addHelpText(
      'after',
      `
Example, at boot:
  airlock client steady-state --url http://10.0.0.1:3333/ --wait
${EXIT_CODES_HELP}`,
    )
    .action(async (options: ClientOptions, self: Command) => {
      setExitCode(await ask(STEADY_STATE, options, self))
    })
  addClientOptions(command, idOption())
}

async function ask(
  operation: Operation,
  options: ClientOptions,
  command: Command,
): Promise<number> {
  const own = options.id === undefined ? await zincatiId(options) : { id: options.id }
  if ('problem' in own) return reportNoId(own.problem)
  const caller = await callerOf(options, own.id, command)
  const { sendRequest } = await import('../client/send-request.js')
  const { keepAsking } = await import('../client/keep-asking.js')
  const progress = new WaitProgress(caller.address.shown, options.retryInterval)
  const answer = await keepAsking({
    ...paceOf(options),
    send: (limits) => sendRequest(caller, operation.path, limits),
    onNotYet: (notYet) => progress.notYet(notYet),
  })
  if (answer.outcome === 'done') {
    progress.done(operation.done)
    return EXIT.done
  }
  progress.end()
  const exitCode = reportNotDone(answer)
  if (operation === PRE_REBOOT) reportLostGrant(answer)
  return exitCode
}
