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
  if (settings.store.kind === 'etcd') {
    const { readEtcdCredentials } = await import('../store/etcd-credentials.js')
    printFindings(await readEtcdCredentials(settings.store, process.env, Date.now()))
  }
  const { readServiceFiles } = await import('../daemon/service-files.js')
  printFindings(await readServiceFiles(settings))
  return EXIT.done
}

interface Finding {
  readonly path: string
  readonly message: string
}

/** Problems are warnings here: the files may well be on another machine than the one that checks. */
function printFindings({
  problems,
  warnings,
}: {
  readonly problems: readonly Finding[]
  readonly warnings: readonly Finding[]
}): void {
  for (const { path, message } of warnings) printWarning(path, message)
  for (const { path, message } of problems) {
    printWarning(path, `${message}; serve refuses to start like this`)
  }
}

function printWarning(path: string, message: string): void {
  process.stderr.write(`airlock: warning: ${path}: ${message}\n`)
}
