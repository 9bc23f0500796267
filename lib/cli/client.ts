import type { Command } from 'commander'
import { addClientId } from './client-id.js'
import { EXIT_CODES_HELP } from './client-options.js'
import { addClientPreReboot, addClientSteadyState } from './client-request.js'
import { addClientRun } from './client-run.js'
import { wrongCall } from './wrong-call.js'

const EXAMPLES = `
Examples:
  airlock client pre-reboot --url http://10.0.0.1:3333/ --wait \\
    && systemctl reboot
  airlock client steady-state --url http://10.0.0.1:3333/ --wait   (at boot)
  airlock client run --url http://10.0.0.1:3333/ --wait -- apt-get -y upgrade
  airlock client id
`

/** Adds `airlock client`: what a machine does, over FleetLock; it reads no configuration of the daemon. */
export function addClient(program: Command, setExitCode: (code: number) => void): void {
  const client = program
    .command('client')
    .description('be a machine: ask any FleetLock server for a slot, or give it back')
    // The program's options are about the daemon's configuration.
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', EXAMPLES + EXIT_CODES_HELP)
    .hook('preAction', (_client, command) => refuseGlobalOptions(program, command))
  addClientPreReboot(client, setExitCode)
  addClientSteadyState(client, setExitCode)
  addClientRun(client, setExitCode)
  addClientId(client, setExitCode)
}

/** So that `run` never takes for airlock's what was meant for its command. */
function refuseGlobalOptions(program: Command, command: Command): void {
  const given = program.options.find(
    (option) => program.getOptionValueSource(option.attributeName()) === 'cli',
  )
  if (given === undefined) return
  wrongCall(command, `option '${given.flags}' is not for airlock client`)
}
