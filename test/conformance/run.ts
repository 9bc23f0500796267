import { parseArgs } from 'node:util'
import { BODY_CASES, ID_CASES } from './body-cases.js'
import { describe, fails, runCase, type Case, type Result } from './case.js'
import { ERROR_CASES } from './error-cases.js'
import { HTTP_CASES } from './http-cases.js'
import { NoAnswerError } from './http-client.js'
import { LOCK_CASES } from './lock-cases.js'
import { printResult, printSummary, printTitle, summarise } from './report.js'
import { CREDENTIAL_CASES, REQUEST_CASES } from './request-cases.js'
import { isDone, MAX_SLOTS, Session, type Target } from './session.js'

const EXIT = { done: 0, failed: 1, usage: 2 }
const DEFAULT_TIMEOUT_S = 10

const USAGE = `Usage: npm run conformance -- --url URL --group GROUP [--slots N] [--user USER:PASSWORD]
                              [--timeout S] [--json]

Tries the FleetLock protocol's rules on any server. The group needs at least one slot, and all of its
slots free; random machines lock and unlock, and every slot is given back at the end. Nobody else
should use the group meanwhile.

  --url URL              as in Zincati's base_url: a path needs a slash at its end
  --group GROUP          a group of the server
  --slots N              how many slots the group has (1 to ${MAX_SLOTS}); without it they are counted, and a
                         server that grants without end is taken for one with very many
  --user USER:PASSWORD   HTTP Basic; also taken from the URL, or from FLEETLOCK_USER
  --timeout S            longest time for an answer, in seconds (${DEFAULT_TIMEOUT_S})
  --json                 print one JSON object

Exit code: 0 nothing fails, 1 something fails or the server cannot be tried, 2 wrong usage.
`

/** A call that cannot be understood. */
class UsageError extends Error {}

interface Options extends Target {
  readonly slots: number | undefined
  readonly isJson: boolean
}

function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parse(args)
  if (values.help === true) return 'help'
  const { url: text, group, user, timeout = String(DEFAULT_TIMEOUT_S) } = values
  if (text === undefined || text === '') throw new UsageError('--url is missing')
  if (group === undefined || group === '') throw new UsageError('--group is missing')
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`--url: expected http://… or https://…, got '${text}'`)
  }
  const timeoutMs = Number(timeout) * 1000
  if (!(timeoutMs >= 100 && timeoutMs <= 3_600_000)) {
    throw new UsageError(`--timeout: expected seconds from 0.1 to 3600, got '${timeout}'`)
  }
  const slots = values.slots === undefined ? undefined : Number(values.slots)
  if (slots !== undefined && !(Number.isInteger(slots) && slots >= 1 && slots <= MAX_SLOTS)) {
    throw new UsageError(`--slots: expected a number from 1 to ${MAX_SLOTS}`)
  }
  const inUrl = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  const given = user ?? (inUrl === ':' ? process.env['FLEETLOCK_USER'] : inUrl)
  if (given !== undefined && !given.includes(':')) {
    throw new UsageError('--user: expected USER:PASSWORD')
  }
  url.username = ''
  url.password = ''
  return { url, group, user: given, timeoutMs, slots, isJson: values.json === true }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        url: { type: 'string' },
        group: { type: 'string' },
        slots: { type: 'string' },
        user: { type: 'string' },
        timeout: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** Counts the slots, unless they are known; returns why the group cannot be used, if so. */
async function prepare(session: Session, known: number | undefined): Promise<string | undefined> {
  const first = session.newId()
  const answer = await session.lock(first)
  if (!isDone(answer)) {
    return `the first pre-reboot was answered ${describe(answer)}; the group needs a free slot`
  }
  const others = known === undefined ? await session.take(MAX_SLOTS) : []
  session.slots = known ?? (others.length < MAX_SLOTS ? others.length + 1 : undefined)
  const released = await session.unlock(first)
  await session.release(others)
  if (!isDone(released)) return `the first steady-state was answered ${describe(released)}`
  return undefined
}

/** Tried last: whether all is as it was found. */
const CLEANUP_CASE: Case = {
  name: 'cleanup',
  rule: 'after the steady-states of all machines of this run, all slots are free again',
  async run(session) {
    if (session.slots === undefined) return []
    const { length } = await session.take(session.slots)
    return length === session.slots ? [] : [fails(`${length} of ${session.slots} slots are free`)]
  },
}

async function run({ isJson, slots, ...target }: Options): Promise<number> {
  const session = new Session(target)
  const print = (line: string): void => {
    if (!isJson) process.stdout.write(`${line}\n`)
  }
  let problem: string | undefined
  try {
    problem = await prepare(session, slots)
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error
    problem = error.message
  }
  if (problem !== undefined) {
    process.stderr.write(`conformance: cannot try ${target.url.href}: ${problem}\n`)
    await session.releaseAll()
    return EXIT.failed
  }
  print(`${printTitle(session)}\n`)
  const credentials = target.user === undefined ? [] : CREDENTIAL_CASES
  const cases = [...LOCK_CASES, ...REQUEST_CASES, ...credentials, ...BODY_CASES, ...ID_CASES]
  const results: Result[] = []
  for (const one of [...cases, ...ERROR_CASES, ...HTTP_CASES, CLEANUP_CASE]) {
    const result = await runCase(one, session)
    results.push(result)
    print(printResult(result))
  }
  const summary = summarise(results)
  print(`\n${printSummary(summary)}`)
  if (isJson) {
    const { url, group } = target
    const report = { url: url.href, group, slots: session.slots ?? null, summary, cases: results }
    process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
  }
  return summary.fails === 0 ? EXIT.done : EXIT.failed
}

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2))
    if (options !== 'help') return await run(options)
    process.stdout.write(USAGE)
    return EXIT.done
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`conformance: ${error.message}\n\n${USAGE}`)
    return EXIT.usage
  }
}

process.exitCode = await main()
