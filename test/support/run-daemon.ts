import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { atExit } from './at-exit.js'
import { AIRLOCK_PROGRAM, airlockEnvironment } from './run-airlock.js'
import { createTempFolder, type TempFolder } from './temp-folder.js'

/** What to serve: the text of a config, or a file. Let ports be 0. */
export type DaemonOptions = ({ readonly config: string } | { readonly configPath: string }) & {
  /** After `serve -c FILE`; `-vv` unless told. */
  readonly args?: readonly string[]
  /** Before the program, for node itself. */
  readonly nodeArgs?: readonly string[]
  /** A command that runs what follows it, by exec so that signals arrive. */
  readonly wrapper?: readonly string[]
  /** Added to an environment that has only PATH, TMPDIR and an empty HOME. */
  readonly environment?: Readonly<Record<string, string>>
}

/** How a daemon ended: by an exit code, or by a signal. */
export interface DaemonExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const READY_WITHIN_MS = 15_000
const STOP_WITHIN_MS = 10_000
const POLL_MS = 10

/** Starts `airlock serve` as a process of its own; {@link Daemon.ready} waits until it serves. */
export async function runDaemon(options: DaemonOptions): Promise<Daemon> {
  const home = await createTempFolder()
  const configPath =
    'configPath' in options ? options.configPath : await home.write('config.toml', options.config)
  const { wrapper = [], nodeArgs = [], args = ['-vv'], environment } = options
  const serve = [...nodeArgs, AIRLOCK_PROGRAM, 'serve', '-c', configPath, ...args]
  const [command = '', ...commandArgs] = [...wrapper, process.execPath, ...serve]
  const child = spawn(command, commandArgs, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: airlockEnvironment(home.path, environment),
    cwd: home.path,
  })
  return new Daemon(child, home)
}

/** A running `airlock serve`. Whoever starts one calls {@link stop} or {@link kill}. */
export class Daemon {
  /** Every line it printed, in the order of arrival; grows while it runs. */
  readonly logs: string[] = []
  readonly stdout: string[] = []
  readonly stderr: string[] = []
  /** Resolves when it has ended and all that it printed is in {@link logs}. */
  readonly ended: Promise<DaemonExit>
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  #exit: DaemonExit | undefined

  /** Use {@link runDaemon}. */
  constructor(child: ChildProcessByStdio<null, Readable, Readable>, home: TempFolder) {
    this.#child = child
    const forget = atExit(() => child.kill('SIGKILL'))
    collectLines(child.stdout, this.stdout, this.logs)
    collectLines(child.stderr, this.stderr, this.logs)
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#exit = { code, signal }
        forget()
        void home.remove().then(() => resolve({ code, signal }))
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Waits for the line that says that it serves; rejects with the log if it ends or takes 15 s. */
  async ready(): Promise<this> {
    await this.logged(/\bmsg"?[=:]"airlock is ready"/, READY_WITHIN_MS)
    return this
  }

  /** The base URL of the main service, from the ready line. */
  get serviceUrl(): string {
    return `http://${this.#address('service')}`
  }

  /** The base URL of the status service, from the ready line. */
  get statusUrl(): string {
    return `http://${this.#address('status')}`
  }

  /** Waits for a line that matches; rejects with the log if it ends before, or after the bound. */
  async logged(pattern: RegExp, timeoutMs = 5_000): Promise<string> {
    const end = performance.now() + timeoutMs
    for (;;) {
      // Before the look at the lines: all of them are there once it has ended.
      const exit = this.#exit
      const line = this.logs.find((text) => pattern.test(text))
      if (line !== undefined) {
        return line
      }
      if (exit !== undefined || performance.now() > end) {
        const state =
          exit === undefined ? 'airlock has' : `airlock ended (${describe(exit)}) and has`
        throw new Error(`${state} not printed ${String(pattern)}, but:\n${this.logs.join('\n')}`)
      }
      await sleep(POLL_MS)
    }
  }

  /** Sends a signal and does not wait. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** SIGTERM; resolves to how it ended. One that takes over 10 s is killed, and the call rejects. */
  async stop(): Promise<DaemonExit> {
    const tooLate = AbortSignal.timeout(STOP_WITHIN_MS)
    const onTooLate = (): void => this.signal('SIGKILL')
    tooLate.addEventListener('abort', onTooLate)
    this.signal('SIGTERM')
    const exit = await this.ended
    tooLate.removeEventListener('abort', onTooLate)
    if (tooLate.aborted) {
      throw new Error(`airlock did not stop within 10 s. It printed:\n${this.logs.join('\n')}`)
    }
    return exit
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.ended
  }

  #address(field: 'service' | 'status'): string {
    const line = this.logs.find((text) => text.includes('airlock is ready')) ?? ''
    const [, quoted, bare] =
      new RegExp(`\\b${field}"?[=:](?:"([^"]*)"|([^\\s,]+))`).exec(line) ?? []
    const address = (quoted ?? bare ?? '').split(',')[0]?.trim() ?? ''
    if (address === '') {
      throw new Error(`there is no address of the ${field} service in the ready line: '${line}'`)
    }
    // All addresses of the host are reachable by its loopback.
    return address.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:')
  }
}

function describe({ code, signal }: DaemonExit): string {
  return signal ?? `exit code ${code ?? 'unknown'}`
}

function collectLines(stream: Readable, ...into: readonly string[][]): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => {
    for (const lines of into) {
      lines.push(line)
    }
  })
}
