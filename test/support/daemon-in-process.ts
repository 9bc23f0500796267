import { Writable } from 'node:stream'
import type { Clock } from '../../lib/calendar/clock.js'
import { parseSettings } from '../../lib/config/parse-settings.js'
import { createDaemon } from '../../lib/daemon/create-daemon.js'
import type { Daemon } from '../../lib/daemon/daemon.js'

/** A daemon in this process, for what only a test's own clock can show. */
export interface DaemonInProcess {
  readonly daemon: Daemon
  readonly serviceUrl: string
  readonly statusUrl: string
  /** What it has logged so far. */
  readonly lines: readonly string[]
}

/** Starts it, by this configuration and clock; who starts it stops it. */
export async function startDaemonInProcess(toml: string, clock: Clock): Promise<DaemonInProcess> {
  const parsed = parseSettings(toml, {}, { nodeMajor: 26 })
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems))
  const lines: string[] = []
  const logStream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString('utf8'))
      done()
    },
  })
  const context = { clock, environment: {}, logStream, logLevel: 'info' as const, version: '0' }
  const created = await createDaemon(parsed.settings, context)
  if ('problems' in created) throw new Error(JSON.stringify(created.problems))
  await created.daemon.start()
  const ready = lines.find((line) => line.includes('airlock is ready')) ?? ''
  const urlOf = (service: string): string => {
    const [, address = ''] = new RegExp(`\\b${service}="?([^\\s,"]+)`).exec(ready) ?? []
    return `http://${address}`
  }
  const [serviceUrl, statusUrl] = [urlOf('service'), urlOf('status')]
  return { daemon: created.daemon, serviceUrl, statusUrl, lines }
}
