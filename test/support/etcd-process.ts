import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { atExit } from './at-exit.js'
import type { EtcdSource } from './find-etcd.js'

/** One running etcd. */
export interface EtcdProcess {
  readonly pid: number
  /** Whether it has not ended yet. */
  isRunning(): boolean
  /** The end of what it printed, for error messages. */
  output(): string
  /** Sends a signal; resolves once it is sent and, on Linux, a SIGSTOP has come through. */
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>
  /** Resolves when it has ended. */
  readonly ended: Promise<void>
}

const MAX_OUTPUT_CHARACTERS = 4_000
const POLL_MS = 20

/** Starts etcd with these arguments; `folders` are those that the arguments name files in. */
export function startEtcdProcess(
  source: EtcdSource,
  args: readonly string[],
  folders: readonly string[],
): Promise<EtcdProcess> {
  return source.kind === 'binary'
    ? startBinary(source.path, args)
    : startContainer(source.image, args, folders)
}

// It inherits nothing but the PATH: etcd takes every ETCD_ variable for a flag. (This one lets
// etcd 3.4 run on arm64.)
function etcdEnvironment(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    ...(process.arch === 'arm64' ? { ETCD_UNSUPPORTED_ARCH: 'arm64' } : {}),
  }
}

async function startBinary(path: string, args: readonly string[]): Promise<EtcdProcess> {
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'], env: etcdEnvironment() })
  const forget = atExit(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-MAX_OUTPUT_CHARACTERS)
    })
  }
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  void ended.then(forget)
  if (child.pid === undefined) {
    await once(child, 'spawn')
  }
  return {
    pid: child.pid ?? 0,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    output: () => output,
    signal: async (signal) => {
      child.kill(signal)
      if (signal === 'SIGSTOP') {
        await untilFrozen(child.pid ?? 0)
      }
    },
    ended,
  }
}

/**
 * Only for machines with a container engine and no etcd; nowhere does our own CI take this path, so
 * it is as small as can be. The container shares the host's network and the test's folders: ports,
 * files, arguments and signals are then those of a plain process, and nothing else differs.
 */
async function startContainer(
  image: string,
  args: readonly string[],
  folders: readonly string[],
): Promise<EtcdProcess> {
  const { GenericContainer, getContainerRuntimeClient } = await import('testcontainers')
  let output = ''
  const started = await new GenericContainer(image)
    .withNetworkMode('host')
    .withUser(`${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`)
    .withBindMounts(folders.map((path) => ({ source: path, target: path, mode: 'z' })))
    .withEnvironment(etcdEnvironment())
    .withEntrypoint(['/usr/local/bin/etcd'])
    .withCommand([...args])
    .withLogConsumer((stream) => {
      stream.on('data', (text: Buffer) => {
        output = (output + text.toString('utf8')).slice(-MAX_OUTPUT_CHARACTERS)
      })
    })
    .start()
  const container = (await getContainerRuntimeClient()).container.getById(started.getId())
  const { State: state } = await container.inspect()
  let isRunning = true
  const ended = container.wait().then(async () => {
    isRunning = false
    await container.remove({ force: true })
  })
  return {
    pid: state.Pid,
    isRunning: () => isRunning,
    output: () => output,
    signal: async (signal) => {
      await container.kill({ signal })
      if (signal === 'SIGSTOP') {
        await untilFrozen(state.Pid)
      }
    },
    ended,
  }
}

// A signal is delivered a little after kill(2) returns; Linux shows when it has been.
async function untilFrozen(pid: number): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
    if (line === undefined || /\) [Tt] /.test(line)) {
      return
    }
    await sleep(POLL_MS)
  }
}
