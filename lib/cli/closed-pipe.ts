import { EXIT } from './exit-codes.js'

/** Whoever reads a command's output may have seen enough, as `head` does; that is no failure. */
export function exitOnClosedPipe(): void {
  process.stdout.on('error', onWriteError)
}

/** The daemon goes on without a log rather than leave the machines without a lock. */
export function surviveClosedPipe(): void {
  process.stdout.off('error', onWriteError)
  process.stdout.on('error', () => undefined)
}

/** A full disk, on the other hand, is one. */
function onWriteError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(EXIT.done)
  process.stderr.write(`airlock: the output cannot be written: ${error.message}\n`)
  process.exit(EXIT.failed)
}
