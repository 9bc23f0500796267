import { spawn } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { findPrometheus } from './prometheus-server.js'

/** How a call of promtool ended. */
export interface PromtoolResult {
  readonly exitCode: number | null
  /** Both outputs, as they came. */
  readonly output: string
}

/** Runs the promtool that belongs to the Prometheus of the tests, or that of the PATH. */
export async function promtool(args: readonly string[], input = ''): Promise<PromtoolResult> {
  const beside = join(dirname(await findPrometheus()), 'promtool')
  const program = await access(beside, constants.X_OK).then(
    () => beside,
    () => 'promtool',
  )
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { exitCode, output }
}
