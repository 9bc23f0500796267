import type { Command } from 'commander'
import { machineIdOption, option, say } from './client-options.js'
import { EXIT } from './exit-codes.js'
import { wrongCall } from './wrong-call.js'

interface IdOptions {
  readonly machineId: string
  readonly appId?: string
}

/** Adds `airlock client id`: the id under which this machine is known to FleetLock servers. */
export function addClientId(client: Command, setExitCode: (code: number) => void): void {
  client
    .command('id')
    .description('print the id that Zincati uses for this machine')
    .addOption(machineIdOption())
    .addOption(option('--app-id <hex>', "an application's id (default: Zincati's)", 'APP_ID'))
    .addHelpText('after', '\nExample:\n  airlock unlock "$(airlock client id)"')
    .action(async (options: IdOptions, self: Command) => {
      setExitCode(await printId(options, self))
    })
}

async function printId({ machineId, appId }: IdOptions, command: Command): Promise<number> {
  const { parseAppId, readAppSpecificId, ZINCATI_APP_ID } = await import('../client/machine-id.js')
  const parsedAppId = parseAppId(appId ?? ZINCATI_APP_ID)
  if (parsedAppId === undefined) {
    return wrongCall(command, '--app-id must be 32 hex characters, or a UUID')
  }
  const result = await readAppSpecificId(machineId, parsedAppId)
  if ('problem' in result) {
    say(result.problem)
    return EXIT.failed
  }
  process.stdout.write(`${result.id}\n`)
  return EXIT.done
}
