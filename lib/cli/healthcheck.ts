import type { Command } from 'commander'
import type { IncomingMessage } from 'node:http'
import type { ListenerSettings, Settings } from '../config/settings.js'
import { EXIT } from './exit-codes.js'
import type { GlobalOptions } from './global-options.js'
import { nodeMajor, reportProblems } from './report-problems.js'

interface HealthcheckOptions extends GlobalOptions {
  readonly ready?: true
}

/** What to ask, and which answer is good. */
interface Probe {
  readonly section: 'status' | 'service'
  readonly listener: ListenerSettings
  readonly path: string
  readonly expectedStatus: number
}

/** Longest time that a probe may take, in milliseconds; the readiness check waits 2 s for the store. */
const PROBE_TIMEOUT_MS = 5000

/** As much of a reason as is worth a line of `podman inspect`. */
const MAX_REASON_CHARACTERS = 500

/** The loopback of a listener on every address; a socket may listen there, but not be called there. */
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** Adds `airlock healthcheck`: whether the daemon of this configuration, on this machine, is alive. */
export function addHealthcheck(program: Command, setExitCode: (code: number) => void): void {
  program
    .command('healthcheck')
    .description('ask the daemon on this machine whether it is alive: exit 0, or 1 with the reason')
    .option('--ready', 'whether it can reach its store, too')
    .addHelpText(
      'after',
      `
It asks /livez (--ready: /readyz) of the status service; where that is off, the main service
whether it answers at all. A certificate is not verified: it asks its own machine, and tells nothing.

Example:
  podman run --health-cmd 'airlock healthcheck' …`,
    )
    .action(async (_options, command: Command) => {
      setExitCode(await healthcheck(command.optsWithGlobals()))
    })
}

async function healthcheck({ config, ready }: HealthcheckOptions): Promise<number> {
  const { loadSettings } = await import('../config/load-settings.js')
  const loaded = await loadSettings(config, process.env, { nodeMajor: nodeMajor() })
  if ('problems' in loaded) return reportProblems(config, loaded.problems)
  const { settings } = loaded
  if (ready === true && !settings.status.enabled) {
    return complain('--ready asks the status service: status.enabled is false', EXIT.usage)
  }
  const probe = probeOf(settings, ready === true)
  if (probe.listener.port === 0) {
    return complain(`${probe.section}.port is 0: only the daemon knows its port`, EXIT.usage)
  }
  const reason = await findTrouble(probe)
  return reason === undefined ? EXIT.done : complain(reason, EXIT.failed)
}

function probeOf({ status, service }: Settings, isReadiness: boolean): Probe {
  if (status.enabled) {
    const path = isReadiness ? '/readyz' : '/livez'
    return { section: 'status', listener: status, path, expectedStatus: 200 }
  }
  // A wrong method is refused before credentials are asked for, and locks nothing.
  return { section: 'service', listener: service, path: '/v1/pre-reboot', expectedStatus: 405 }
}

/** Asks, and returns why the answer is not the expected one; undefined if it is. */
async function findTrouble(probe: Probe): Promise<string | undefined> {
  const { address, port, tls } = probe.listener
  const { request } = tls === false ? await import('node:http') : await import('node:https')
  const host = LOOPBACK[address] ?? address
  const shownHost = host.includes(':') ? `[${host}]` : host
  const url = `${tls === false ? 'http' : 'https'}://${shownHost}:${port}${probe.path}`
  // The service sends who shows no certificate away, which only a living one does.
  const isCertificateDemanded = tls !== false && tls.clientCaPath !== undefined
  return new Promise((resolve) => {
    const { path } = probe
    const sent = request({ host, port, path, agent: false, rejectUnauthorized: false })
    const timer = setTimeout(() => sent.destroy(new Error('no answer in time')), PROBE_TIMEOUT_MS)
    sent.once('close', () => clearTimeout(timer))
    if (isCertificateDemanded) {
      sent.once('socket', (socket) => {
        socket.once('secureConnect', () => {
          resolve(undefined)
          sent.destroy()
        })
      })
    }
    sent.on('error', (error) => resolve(`${url}: ${describe(error)}`))
    sent.once('response', (response) => {
      void judge(response, probe.expectedStatus).then(
        (reason) => resolve(reason && `${url}: ${reason}`),
        (error: unknown) => resolve(`${url}: ${String(error)}`),
      )
    })
    sent.end()
  })
}

/** Reads the answer to its end: a daemon that stalls in the middle of one is not well. */
async function judge(
  response: IncomingMessage,
  expectedStatus: number,
): Promise<string | undefined> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) {
    if (text.length < MAX_REASON_CHARACTERS) text += String(chunk)
  }
  if (response.statusCode === expectedStatus) return undefined
  return `${response.statusCode ?? 0} ${text.slice(0, MAX_REASON_CHARACTERS).trim()}`
}

/** A host with several addresses fails with one error for each. */
function describe(error: Error): string {
  const errors = error instanceof AggregateError ? (error.errors as readonly Error[]) : [error]
  return errors.map(({ message }) => message).join('; ')
}

function complain(reason: string, exitCode: number): number {
  process.stderr.write(`airlock: ${reason}\n`)
  return exitCode
}
