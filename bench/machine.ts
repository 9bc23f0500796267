import { execFile } from 'node:child_process'
import { arch, cpus, loadavg, release, totalmem } from 'node:os'
import { promisify } from 'node:util'
import { findEtcd } from '../test/support/find-etcd.js'

/** Where and when a run was made. */
export interface Machine {
  readonly date: string
  readonly processor: string
  readonly cores: number
  readonly memoryGigabytes: number
  readonly system: string
  readonly node: string
  readonly etcd: string
  /** The load average over the last minute before the run: of an idle machine, near 0. */
  readonly loadBefore: number
}

/** Describes this machine as it is before a run. */
export async function describeMachine(): Promise<Machine> {
  const source = await findEtcd()
  const etcd =
    source.kind === 'binary'
      ? (await promisify(execFile)(source.path, ['--version'])).stdout
      : source.image
  const processors = cpus()
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    processor: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryGigabytes: Math.round(totalmem() / 1e9),
    system: `${process.platform} ${release()} ${arch()}`,
    node: process.version,
    etcd: /^etcd Version: (\S+)/.exec(etcd)?.[1] ?? etcd,
    loadBefore: loadavg()[0] ?? NaN,
  }
}
