import { fork } from 'node:child_process'
import { join } from 'node:path'
import { atExit } from '../../test/support/at-exit.js'
import type { Load, LoadResult } from './load.js'

const WORKER = join(import.meta.dirname, 'worker.js')

/** Puts load on a server from a process of its own, and resolves to what it has measured. */
export async function putLoad(load: Load): Promise<LoadResult> {
  const child = fork(WORKER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const forget = atExit(() => child.kill('SIGKILL'))
  try {
    return await new Promise((resolve, reject) => {
      let result: LoadResult | undefined
      child.once('message', (message) => (result = message as LoadResult))
      child.once('error', reject)
      child.once('close', (code, signal) => {
        if (result !== undefined) resolve(result)
        else reject(new Error(`the load ended without a result (${signal ?? code ?? 'unknown'})`))
      })
      child.send(load)
    })
  } finally {
    forget()
    child.kill('SIGKILL')
  }
}
