import type { Command } from 'commander'
import { EXIT } from './exit-codes.js'
import type { GlobalOptions } from './global-options.js'
import { nodeMajor, reportProblems } from './report-problems.js'

/** Adds `airlock check-config`: what the daemon would make of its configuration. */
export function addCheckConfig(program: Command, setExitCode: (code: number) => void): void {
  program
    .command('check-config')
    .description('print the settings in force, or everything that is wrong with them')
    .addHelpText('after', '\nExample:\n  airlock check-config -c /etc/airlock/config.toml')
    .action(async (_options, command: Command) => {
      setExitCode(await checkConfig(command.optsWithGlobals()))
    })
}

async function checkConfig({ config }: GlobalOptions): Promise<number> {
  const { loadSettings } = await import('../config/load-settings.js')
  const loaded = await loadSettings(config, process.env, { nodeMajor: nodeMajor() })
  if ('problems' in loaded) return reportProblems(config, loaded.problems)
  const { settings, warnings } = loaded
  const { printSettings } = await import('../config/print-settings.js')
  process.stdout.write(printSettings(settings))
  for (const { path, message } of warnings) printWarning(path, message)
  if (settings.store.kind === 'embedded') return EXIT.done

  const { readEtcdCredentials } = await import('../store/etcd-credentials.js')
  const read = await readEtcdCredentials(settings.store, process.env, Date.now())
  for (const { path, message } of read.warnings) printWarning(path, message)
  // The files may well be on another machine than the one that checks.
  for (const { path, message } of read.problems) {
    printWarning(path, `${message}; serve refuses to start like this`)
  }
  return EXIT.done
}

function printWarning(path: string, message: string): void {
  process.stderr.write(`airlock: warning: ${path}: ${message}\n`)
}
