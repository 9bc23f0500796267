import type { Command } from 'commander'
import { surviveClosedPipe } from './closed-pipe.js'
import { EXIT } from './exit-codes.js'
import { logLevelOf, type GlobalOptions } from './global-options.js'
import { nodeMajor, reportProblems } from './report-problems.js'
import { readVersion } from './version.js'

/** Adds `airlock serve`: the daemon, until a signal ends it. */
export function addServe(program: Command, setExitCode: (code: number) => void): void {
  program
    .command('serve')
    .description('answer the machines: run the main service and the status service')
    .action(async (_options, command: Command) => {
      setExitCode(await serve(command.optsWithGlobals()))
    })
}

async function serve(options: GlobalOptions): Promise<number> {
  surviveClosedPipe()
  // grpc-js writes lines of its own to stderr; what matters of them is in our log.
  process.env['GRPC_VERBOSITY'] ??= 'NONE'
  const { loadSettings } = await import('../config/load-settings.js')
  const loaded = await loadSettings(options.config, process.env, { nodeMajor: nodeMajor() })
  if ('problems' in loaded) return reportProblems(options.config, loaded.problems)

  const { createDaemon } = await import('../daemon/create-daemon.js')
  const { systemClock } = await import('../daemon/system-clock.js')
  const created = await createDaemon(loaded.settings, {
    clock: systemClock,
    environment: process.env,
    logStream: process.stdout,
    logLevel: logLevelOf(options),
    version: readVersion(),
  })
  if ('problems' in created) return reportProblems(options.config, created.problems)
  const { daemon } = created
  for (const { path, message } of loaded.warnings) daemon.events.configWarning(path, message)

  const { runUntilSignal } = await import('../daemon/run-until-signal.js')
  const { ListenError } = await import('../http/listener.js')
  const reload = async (): Promise<void> => {
    const again = await loadSettings(options.config, process.env, { nodeMajor: nodeMajor() })
    if ('problems' in again) {
      const lines = again.problems.map(({ path, message }) => `${path}: ${message}`)
      daemon.events.reloadRefused(lines.join('; '))
      await daemon.reload(undefined)
      return
    }
    for (const { path, message } of again.warnings) daemon.events.configWarning(path, message)
    await daemon.reload(again.settings)
  }
  try {
    await runUntilSignal({
      start: () => daemon.start(),
      reload,
      stop: (signal) => daemon.stop(signal),
    })
  } catch (error) {
    if (!(error instanceof ListenError)) throw error
    process.stderr.write(`airlock: ${error.message}\n`)
    return EXIT.failed
  }
  return EXIT.done
}
