import { parseArgs } from 'node:util'
import { LOG_LEVELS, type LogLevel } from '../lib/telemetry/log-level.js'

/** What a run of the benchmark is asked for. */
export interface BenchOptions {
  /** How often everything is measured; medians are shown. */
  readonly rounds: number
  /** How long one measurement takes, without what is done to warm up. */
  readonly seconds: number
  /** Names of the scenarios to run; all of them where it is empty. */
  readonly only: readonly string[]
  /** A shell command for another server, with `{config}` for the file. */
  readonly peer: string | undefined
  /** What to tell the daemon; without it the daemon's own default. */
  readonly logLevel: LogLevel | undefined
  /** Where the figures go as JSON too; `-` is the standard output, in place of the table. */
  readonly json: string | undefined
}

export const USAGE = `usage: npm run bench -- [options]

  --rounds N            how often everything is measured; medians are shown (default 3)
  --seconds S           how long one measurement takes (default 4)
  --only SCENARIO,...   some scenarios only
  --peer 'COMMAND {config}'
                        put the same load on another server that takes the same config file
  --log-level LEVEL     what the daemon is told (default: nothing)
  --json FILE|-         the figures as JSON too, or instead of the table
`

/** Reads a command line; a text is what is wrong with it, or the help that was asked for. */
export function parseOptions(
  args: readonly string[],
  scenarios: readonly string[],
): BenchOptions | string {
  const parsed = parse(args)
  if (typeof parsed === 'string') return parsed
  const { rounds, seconds, only, peer, json, help, 'log-level': level } = parsed
  if (help === true) return USAGE
  const logLevel = LOG_LEVELS.find((known) => known === level)
  const names = only?.split(',').map((name) => name.trim()) ?? []
  const unknown = names.find((name) => !scenarios.includes(name))
  if (unknown !== undefined) {
    return `--only: there is no ${JSON.stringify(unknown)}, but ${scenarios.join(', ')}\n`
  }
  if (!/^[1-9]\d?$/.test(rounds)) return '--rounds: expected a whole number from 1 to 99\n'
  if (!(Number(seconds) >= 0.2 && Number(seconds) <= 600)) {
    return '--seconds: expected a number from 0.2 to 600\n'
  }
  if (peer !== undefined && !peer.includes('{config}')) {
    return '--peer: expected a command with {config} where the name of the config file goes\n'
  }
  if (level !== undefined && logLevel === undefined) {
    return `--log-level: expected one of ${LOG_LEVELS.join(', ')}\n`
  }
  return { rounds: Number(rounds), seconds: Number(seconds), only: names, peer, logLevel, json }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '4' },
        only: { type: 'string' },
        peer: { type: 'string' },
        'log-level': { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`
  }
}
