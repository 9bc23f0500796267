import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { atExit } from './at-exit.js'
import { createTempFolder } from './temp-folder.js'

/** The compiled program, as package.json's `bin` names it. */
export const AIRLOCK_PROGRAM = join(import.meta.dirname, '../../bin/airlock.js')

/** How a call of the program ended; `exitCode` is null after a signal. */
export interface AirlockResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What a call gets besides its arguments. */
export interface AirlockOptions {
  /** Added to an environment that has only PATH, TMPDIR and an empty HOME. */
  readonly environment?: Readonly<Record<string, string>>
  /** 15 s unless told; then it is killed, and the call rejects. */
  readonly timeoutMs?: number
}

/**
 * The environment of a program under test: nothing of ours but the PATH and the folder for temporary
 * files, so that no variable of this machine (certificate stores, proxies, AIRLOCK_*) decides a test.
 */
export function airlockEnvironment(
  home: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const { PATH = '', TMPDIR } = process.env
  return { PATH, HOME: home, ...(TMPDIR === undefined ? {} : { TMPDIR }), ...more }
}

/** Runs `airlock` with these arguments until it ends by itself. */
export async function runAirlock(
  args: readonly string[],
  { environment, timeoutMs = 15_000 }: AirlockOptions = {},
): Promise<AirlockResult> {
  const home = await createTempFolder()
  const child = spawn(process.execPath, [AIRLOCK_PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: airlockEnvironment(home.path, environment),
    cwd: home.path,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  const forget = atExit(() => child.kill('SIGKILL'))
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  try {
    const [exitCode, signal] = await new Promise<[number | null, string | null]>(
      (resolve, reject) => {
        child.once('error', reject)
        child.once('close', (code, by) => resolve([code, by]))
      },
    )
    if (signal === 'SIGKILL') {
      throw new Error(
        `airlock ${args.join(' ')} was killed, or did not end within ${timeoutMs} ms. ` +
          `It printed:\n${output.stdout}${output.stderr}`,
      )
    }
    return { exitCode, ...output }
  } finally {
    forget()
    await home.remove()
  }
}
