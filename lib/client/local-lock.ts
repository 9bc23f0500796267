import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeIdentity } from '../semaphore/node-identity.js'
import { LOCAL_LOCK_POLL_MS } from './bounds.js'

/** What a process holds, and gives back; the kernel does so when the process ends, however it ends. */
export interface LocalLock {
  release(): void
}

/** How long to wait for another process, and what to tell meanwhile. */
export interface LocalLockOptions {
  /** 0: look once; Infinity: until it is free. */
  readonly waitMs: number
  /** Told once, before the first pause. */
  readonly onBusy: () => void
  readonly signal: AbortSignal
}

/** Bytes of a socket's address on Linux, the leading NUL included. */
const ADDRESS_LENGTH = 108

/**
 * Takes the right to use a slot on this machine, so that of two runs under one id the first to end
 * does not give back the slot of the other; undefined if another process still has it after the wait.
 *
 * It is an abstract Unix socket that nobody connects to: one namespace for all users of the machine,
 * no file to be left behind, no race about who finds it stale. The server's URL is no part of its
 * name, because several servers may share one semaphore.
 *
 * @throws if this system has no such sockets: they are Linux' own
 */
export async function takeLocalLock(
  { group, id }: NodeIdentity,
  { waitMs, onBusy, signal }: LocalLockOptions,
): Promise<LocalLock | undefined> {
  if (process.platform !== 'linux') {
    throw new Error(
      'this needs Linux: two runs on one machine are kept apart by an abstract socket',
    )
  }
  const hash = createHash('sha256')
    .update(JSON.stringify([group, id]))
    .digest('hex')
  // Of full length, as some versions of Node.js pad with NULs and others do not.
  const address = `\0airlock client run ${hash}`.padEnd(ADDRESS_LENGTH, '.')
  const end = performance.now() + waitMs
  for (let attempt = 1; ; attempt += 1) {
    const server = await listen(address)
    if (server !== undefined) return { release: () => void server.close() }
    const leftMs = end - performance.now()
    if (leftMs < 1 || signal.aborted) return undefined
    if (attempt === 1) onBusy()
    const pauseMs = Math.min(LOCAL_LOCK_POLL_MS, leftMs)
    await sleep(Math.ceil(pauseMs), undefined, { signal }).catch(() => undefined)
  }
}

/** Undefined if the address is taken. */
function listen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen(address, () => resolve(server))
  })
}
