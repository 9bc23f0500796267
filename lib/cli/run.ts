import { Command, CommanderError } from 'commander'
import { exitOnClosedPipe } from './closed-pipe.js'
import { addCheckConfig } from './check-config.js'
import { addClient } from './client.js'
import { EXIT } from './exit-codes.js'
import { addEvents } from './events.js'
import { addEx } from './ex.js'
import { addLock, addUnlock } from './lock.js'
import { addPause } from './pause.js'
import { addSetSlots } from './set-slots.js'
import { addStatus } from './status.js'
import { addGlobalOptions } from './global-options.js'
import { addHealthcheck } from './healthcheck.js'
import { addServe } from './serve.js'
import { readVersion } from './version.js'
import { addWindows } from './windows.js'

/** Runs one command line (without the program's name) and returns the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  exitOnClosedPipe()
  let exitCode: number = EXIT.done
  const setExitCode = (code: number): void => {
    exitCode = code
  }
  const program = new Command('airlock')
    .description('A reboot lock for fleets: counting semaphores on etcd, served over FleetLock')
    .version(readVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for the usage)')
    .exitOverride()
  addGlobalOptions(program)
  addServe(program, setExitCode)
  addCheckConfig(program, setExitCode)
  addHealthcheck(program, setExitCode)
  addStatus(program, setExitCode)
  addLock(program, setExitCode)
  addUnlock(program, setExitCode)
  addSetSlots(program, setExitCode)
  addPause(program, setExitCode)
  addEvents(program, setExitCode)
  addWindows(program, setExitCode)
  addEx(program, setExitCode)
  addClient(program, setExitCode)
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    process.stderr.write(`airlock: ${error instanceof Error ? error.message : String(error)}\n`)
    return EXIT.failed
  }
  return exitCode
}
