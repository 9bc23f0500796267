import { spawn, type ChildProcess } from 'node:child_process'
import { constants } from 'node:os'

/** A command under way. */
export interface RunningCommand {
  /** Passes a signal on; nothing happens if the command is over. */
  signal(signal: NodeJS.Signals): void
  /** How it ended; `problem` says why it did not even start. Never rejects. */
  readonly ended: Promise<{ readonly exitCode: number; readonly problem?: string }>
}

/** A shell's exit codes for a command that there is not, and for one that cannot be run. */
const NOT_FOUND = 127
const NOT_EXECUTABLE = 126

/** Starts a command with this process's own stdin, stdout, stderr and environment. */
export function runCommand([program = '', ...args]: readonly string[]): RunningCommand {
  let child: ChildProcess
  try {
    child = spawn(program, args, { stdio: 'inherit' })
  } catch (error) {
    // Some reasons are events and others are thrown; too long an argument list is thrown.
    const problem = describe(error as NodeJS.ErrnoException)
    return {
      ended: Promise.resolve({ exitCode: NOT_EXECUTABLE, problem }),
      signal: () => undefined,
    }
  }
  const ended = new Promise<{ exitCode: number; problem?: string }>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ exitCode: code ?? exitCodeOf(signal ?? 'SIGKILL') })
    })
    child.on('error', (error: NodeJS.ErrnoException) => {
      // A signal that could not be passed on is an error too, of a command that runs.
      if (child.pid !== undefined) return
      const { code } = error
      if (code === 'ENOENT') resolve({ exitCode: NOT_FOUND, problem: 'command not found' })
      else resolve({ exitCode: NOT_EXECUTABLE, problem: describe(error) })
    })
  })
  return { ended, signal: (signal) => void child.kill(signal) }
}

/** A shell's exit code for a process that a signal ended. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

function describe(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EACCES':
      return 'permission denied'
    case 'E2BIG':
      return 'the list of arguments is too long'
    default:
      return error.message
  }
}
