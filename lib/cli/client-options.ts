import { InvalidArgumentError, Option, type Command } from 'commander'
import type { NotDone } from '../client/answer.js'
import {
  REQUEST_TIMEOUT_MS,
  RETRY_INTERVAL_MS,
  WAITING_REQUEST_TIMEOUT_MS,
} from '../client/bounds.js'
import type { Pace } from '../client/keep-asking.js'
import type { MachineIdResult } from '../client/machine-id.js'
import type { Caller } from '../client/send-request.js'
import { groupProblem, idProblem } from '../semaphore/node-identity.js'
import { DURATION_SHAPE, parseDuration } from '../terminal/parse-duration.js'
import { EXIT } from './exit-codes.js'
import { wrongCall } from './wrong-call.js'

/** Options of every command that sends requests. Durations are milliseconds. */
export interface ClientOptions {
  /** It is always given, see requireUrl. */
  readonly url: string
  readonly group: string
  readonly id?: string
  readonly machineId: string
  /** true: without a bound. */
  readonly wait?: true | number
  readonly retryInterval: number
  readonly timeout?: number
  readonly cafile?: string
}

/** The end of the help of each command that sends requests. */
export const EXIT_CODES_HELP = `
Exit codes:
  0   granted, or given back
  75  refused for now, ask again later: the server answered 408, 409, 423, 429,
      or 5xx with a FleetLock error
  1   broken: no server, no TLS, a redirect, credentials or group not accepted,
      any other answer
  2   a wrong call
  run ends with its command's exit code: 126 or 127 if it cannot be started,
  128 + n after signal n; 1 if it succeeded and its slot is still held.`

/** Longest interval and timeout: beyond it a timer overflows, and nobody means it. */
const LONGEST_TIMER_MS = 24 * 60 * 60_000

/** See machine-id(5). */
const MACHINE_ID_FILE = '/etc/machine-id'

/** Adds the options of a command that sends requests. */
export function addClientOptions(command: Command, id: Option): Command {
  return command
    .addOption(
      option('--url <url>', 'the server: http(s)://[user:password@]host[:port][/base]', 'URL'),
    )
    .addOption(option('--group <group>', 'the group of this machine', 'GROUP').default('default'))
    .addOption(id)
    .addOption(
      option(
        '--wait [duration]',
        'keep asking, for so long or without a bound (forever)',
        'WAIT',
      ).argParser(parseWait),
    )
    .addOption(
      option('--retry-interval <duration>', 'from one request to the next', 'RETRY_INTERVAL')
        .argParser(parseTimer)
        .default(RETRY_INTERVAL_MS, '5m'),
    )
    .addOption(
      option(
        '--timeout <duration>',
        'for one request (default: 30s, 30m with --wait)',
        'TIMEOUT',
      ).argParser(parseTimer),
    )
    .addOption(
      option('--cafile <file>', "PEM authorities to trust in place of Node.js' own", 'CAFILE'),
    )
    .addOption(machineIdOption())
    .hook('preAction', (_, self) => requireUrl(self))
}

/** In place of commander's check, which does not name the variable. */
function requireUrl(command: Command): void {
  if (command.getOptionValue('url') !== undefined) return
  wrongCall(command, "required option '--url <url>' (or AIRLOCK_CLIENT_URL) not specified")
}

/** `--machine-id`, which `client id` has too. */
export function machineIdOption(): Option {
  return option('--machine-id <file>', "where this machine's id is", 'MACHINE_ID').default(
    MACHINE_ID_FILE,
  )
}

/** An option that also comes from a variable of `airlock client`. */
export function option(flags: string, description: string, variable: string): Option {
  return new Option(flags, description).env(`AIRLOCK_CLIENT_${variable}`)
}

/** How long and how often to ask. */
export function paceOf({ wait, retryInterval, timeout }: ClientOptions): Pace {
  const waitMs = wait === true ? Infinity : (wait ?? 0)
  const timeoutMs = timeout ?? (waitMs === 0 ? REQUEST_TIMEOUT_MS : WAITING_REQUEST_TIMEOUT_MS)
  return { waitMs, retryIntervalMs: retryInterval, timeoutMs }
}

/** Who asks whom; ends the command as a wrong call where an option makes no sense. */
export async function callerOf(
  { url, group, cafile }: ClientOptions,
  id: string,
  command: Command,
): Promise<Caller> {
  const { parseServerAddress } = await import('../client/server-address.js')
  const parsed = parseServerAddress(url)
  // Not as an argument parser: commander would print the URL, and a password with it.
  if ('problem' in parsed) return wrongCall(command, `--url ${parsed.problem}`)
  const wrongGroup = groupProblem(group)
  if (wrongGroup !== undefined) return wrongCall(command, `--group ${wrongGroup}`)
  const wrongId = idProblem(id)
  if (wrongId !== undefined) return wrongCall(command, `--id ${wrongId}`)
  const caller = { address: parsed.address, identity: { group, id } }
  if (cafile === undefined) return caller
  const { readAuthorities } = await import('../client/read-authorities.js')
  const read = await readAuthorities(cafile)
  if ('problem' in read) return wrongCall(command, `--cafile: ${read.problem}`)
  return { ...caller, authorities: read.pem }
}

/** This machine's Zincati id. */
export async function zincatiId({ machineId }: ClientOptions): Promise<MachineIdResult> {
  const { readAppSpecificId } = await import('../client/machine-id.js')
  return readAppSpecificId(machineId)
}

/** Reports that there is no default for --id, and returns the exit code. */
export function reportNoId(problem: string): number {
  say(`${problem}; name the machine with --id`)
  return EXIT.failed
}

/** Says why a request was not done, and returns the exit code. */
export function reportNotDone({ outcome, kind, value }: NotDone): number {
  say(`${outcome === 'refused' ? 'refused for now' : 'failed'}: ${kind}: ${value}`)
  return outcome === 'refused' ? EXIT.refused : EXIT.failed
}

/** Says where a slot may have been granted to a machine that does not know it. */
export function reportLostGrant({ mayBeDone }: NotDone): void {
  if (!mayBeDone) return
  say('it may have been granted all the same: airlock client steady-state gives it back')
}

/** Prints a line for people. */
export function say(line: string): void {
  process.stderr.write(`airlock: ${line}\n`)
}

function parseWait(text: string): number {
  return text === 'forever' ? Infinity : readDuration(text, Infinity, ', or forever')
}

function parseTimer(text: string): number {
  return readDuration(text, LONGEST_TIMER_MS, ', of at most 24h')
}

function readDuration(text: string, longestMs: number, addition: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms === 0 || ms > longestMs) {
    throw new InvalidArgumentError(`Expected ${DURATION_SHAPE}${addition}.`)
  }
  return ms
}
