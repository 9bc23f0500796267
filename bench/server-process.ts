import { spawn, type ChildProcess } from 'node:child_process'
import { openSync, closeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { atExit } from '../test/support/at-exit.js'
import { findFreePort } from '../test/support/free-port.js'
import { createTempFolder, type TempFolder } from '../test/support/temp-folder.js'
import { sendOnce } from './load/http-connection.js'
import { DEFAULT_GROUP, printConfig, type GroupConfig } from './server-config.js'

/** What is started: a program and its arguments, for a config file. */
export type ServerCommand = (configPath: string) => readonly [string, ...string[]]

/** What a server is to serve. */
export interface ServerOptions {
  readonly etcdEndpoint: string
  readonly groups: readonly GroupConfig[]
}

const READY_WITHIN_MS = 30_000
const POLL_MS = 5
const STOP_WITHIN_MS = 10_000
const SHOWN_CHARACTERS = 2_000

/** Starts a server on free ports, and resolves when it answers a request. */
export async function startServer(
  command: ServerCommand,
  { etcdEndpoint, groups }: ServerOptions,
): Promise<ServerProcess> {
  const ports = { service: await findFreePort(), status: await findFreePort() }
  const folder = await createTempFolder()
  const config = await folder.write('config.toml', printConfig(ports, etcdEndpoint, groups))
  const log = openSync(folder.file('log'), 'w')
  const [program, ...args] = command(config)
  const startedAt = performance.now()
  const child = spawn(program, args, {
    stdio: ['ignore', log, log],
    // As the Containerfile and the unit have it; both sides alike.
    env: {
      ...process.env,
      NODE_ENV: 'production',
      MALLOC_ARENA_MAX: '2',
      NODE_OPTIONS: '--max-semi-space-size=8 --max-old-space-size=1024',
    },
    cwd: folder.path,
  })
  closeSync(log)
  const server = new ServerProcess(child, ports.service, folder)
  try {
    await server.untilReady()
  } catch (error) {
    await server.stop()
    throw error
  }
  server.secondsToReady = (performance.now() - startedAt) / 1000
  return server
}

/** A server under load. Whoever starts one calls {@link stop}. */
export class ServerProcess {
  /** Of the main service, on 127.0.0.1. */
  readonly port: number
  /** From its start to its first answer. */
  secondsToReady = NaN
  readonly #child: ChildProcess
  readonly #folder: TempFolder
  readonly #ended: Promise<void>
  #failure: Error | undefined

  /** Use {@link startServer}. */
  constructor(child: ChildProcess, port: number, folder: TempFolder) {
    this.#child = child
    this.port = port
    this.#folder = folder
    const forget = atExit(() => this.#signal('SIGKILL'))
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#failure = error
        resolve()
      })
      child.once('exit', () => resolve())
    })
    void this.#ended.then(forget)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** @throws when it ends, or does not answer in time; with what it has printed */
  async untilReady(): Promise<void> {
    const end = performance.now() + READY_WITHIN_MS
    const request = { operation: 'steady-state', group: DEFAULT_GROUP, id: 'ready' } as const
    for (;;) {
      const status = await sendOnce(this.port, request).catch(() => 'refused')
      const hasEnded = this.#failure !== undefined || this.#child.exitCode !== null
      if (status === '200' && !hasEnded) return
      if (hasEnded || performance.now() > end) {
        const printed = await readFile(this.#folder.file('log'), 'utf8')
        const what = this.#failure?.message ?? (hasEnded ? 'it ended' : `it answers: ${status}`)
        throw new Error(`a server is not ready (${what}):\n${printed.slice(-SHOWN_CHARACTERS)}`)
      }
      await sleep(POLL_MS)
    }
  }

  /** Resolves when it is gone, and its config with it. */
  async stop(): Promise<void> {
    this.#signal('SIGTERM')
    const stopped = new AbortController()
    const tooLate = sleep(STOP_WITHIN_MS, undefined, { signal: stopped.signal })
    tooLate.then(
      () => this.#signal('SIGKILL'),
      () => undefined,
    )
    await this.#ended
    stopped.abort()
    await this.#folder.remove()
  }

  #signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}
