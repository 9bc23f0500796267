import type { Command } from 'commander'
import { EXIT } from './exit-codes.js'

/** Ends the command as a wrong call: the problem, a hint at --help, and exit code 2. */
export function wrongCall(command: Command, problem: string): never {
  command.error(`error: ${problem}`, { exitCode: EXIT.usage })
}
