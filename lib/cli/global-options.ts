import { InvalidArgumentError, Option, type Command } from 'commander'
import { LOG_LEVELS, type LogLevel } from '../telemetry/log-level.js'

/** Options of every command that reads the daemon's configuration. */
export interface GlobalOptions {
  readonly config: string
  readonly verbose: number
  readonly logLevel?: LogLevel
}

/** Where coreos/airlock's configuration is, and ours. */
const DEFAULT_CONFIG = '/etc/airlock/config.toml'

/** What `-v` means by how often it is given, as with coreos/airlock. */
const LEVEL_BY_COUNT: readonly LogLevel[] = ['warn', 'info', 'debug', 'trace']

/** Adds the options to the program; they may stand before or after a command's name. */
export function addGlobalOptions(program: Command): void {
  program
    .addOption(
      new Option('-c, --config <file>', 'configuration file')
        .default(DEFAULT_CONFIG)
        .env('AIRLOCK_CONFIG'),
    )
    .option('-v, --verbose', 'log more: info, -vv debug, -vvv trace', (_, count) => count + 1, 0)
    .addOption(
      new Option(
        '--log-level <level>',
        `log exactly this much: ${LOG_LEVELS.join(', ')}`,
      ).argParser(parseLogLevel),
    )
}

/** The level that the options ask for, if any; `--log-level` is stronger than `-v`. */
export function logLevelOf({ verbose, logLevel }: GlobalOptions): LogLevel | undefined {
  if (logLevel !== undefined || verbose === 0) return logLevel
  return LEVEL_BY_COUNT[verbose] ?? 'trace'
}

function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text)
  if (level === undefined) throw new InvalidArgumentError(`Allowed are ${LOG_LEVELS.join(', ')}.`)
  return level
}
