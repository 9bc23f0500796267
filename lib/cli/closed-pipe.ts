import { EXIT } from './exit-codes.js'

/** Whoever reads a command's output may have seen enough, as `head` does; that is no failure. */
export function exitOnClosedPipe(): void {
  process.stdout.on('error', onClosedPipe)
}

/** The daemon goes on without a log rather than leave the machines without a lock. */
export function surviveClosedPipe(): void {
  process.stdout.off('error', onClosedPipe)
  process.stdout.on('error', () => undefined)
}

function onClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(EXIT.done)
}
