import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { atExit } from './at-exit.js'
import { eventually } from './eventually.js'
import { AIRLOCK_PROGRAM, airlockEnvironment, type AirlockResult } from './run-airlock.js'
import { createTempFolder } from './temp-folder.js'

const END_WITHIN_MS = 15_000

/** Starts `airlock` and does not wait for its end. Whoever starts one awaits {@link StartedAirlock.ended}. */
export async function startAirlock(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<StartedAirlock> {
  const home = await createTempFolder()
  const child = spawn(process.execPath, [AIRLOCK_PROGRAM, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: airlockEnvironment(home.path, environment),
    cwd: home.path,
    timeout: END_WITHIN_MS,
    killSignal: 'SIGKILL',
  })
  return new StartedAirlock(child, () => home.remove())
}

/** A call of the program that is under way. */
export class StartedAirlock {
  /** Resolves when it has ended and all that it printed has arrived. One that takes over 15 s is killed. */
  readonly ended: Promise<AirlockResult>
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #output = { stdout: '', stderr: '' }

  /** Use {@link startAirlock}. */
  constructor(
    child: ChildProcessByStdio<Writable, Readable, Readable>,
    onEnd: () => Promise<void>,
  ) {
    this.#child = child
    const output = this.#output
    const forget = atExit(() => child.kill('SIGKILL'))
    child.stdin.on('error', () => undefined)
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
    this.ended = new Promise((resolve) => {
      child.once('close', (exitCode) => {
        forget()
        void onEnd().then(() => resolve({ exitCode, ...output }))
      })
    })
  }

  get stdin(): Writable {
    return this.#child.stdin
  }

  get stderr(): string {
    return this.#output.stderr
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Stops reading its stderr, as a log reader does that crashes. */
  closeStderr(): void {
    this.#child.stderr.destroy()
  }

  /** Waits until either output has this text. */
  async printed(text: string): Promise<void> {
    await eventually(() => {
      const { stdout, stderr } = this.#output
      if (!(stdout + stderr).includes(text)) {
        throw new Error(`expected ${JSON.stringify(text)} in: ${stdout}${stderr}`)
      }
    })
  }
}
