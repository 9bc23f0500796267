import { join } from 'node:path'
import { AIRLOCK_PROGRAM } from '../test/support/run-airlock.js'
import type { EtcdServer } from '../test/support/etcd-server.js'
import { readEtcdCalls, startBenchEtcd, totalOf } from './bench-etcd.js'
import type { Load, LoadResult } from './load/load.js'
import { putLoad } from './load/put-load.js'
import type { Noise } from './noise.js'
import type { BenchOptions } from './options.js'
import { cpuSeconds } from './process-figures.js'
import type { GroupConfig } from './server-config.js'
import { startServer, type ServerCommand, type ServerProcess } from './server-process.js'
import { spread } from './statistics.js'

const STORE_LESS_APP = join(import.meta.dirname, 'store-less-app.js')

/** How long a load runs before it is measured, in seconds: the compiler of Node.js is through by then. */
const WARMUP_SECONDS = 1.5

/** From this part of a processor on, the load is suspected to be what is slow. */
const BUSY_GENERATOR = 0.9

/** A kind of server. */
export type ServerName = 'airlock' | 'peer' | 'store-less app'

/** Something to put load on: servers of one kind that share an etcd, if they have one. */
export interface Subject {
  readonly name: ServerName | 'etcd'
  readonly servers: readonly ServerProcess[]
  readonly etcd?: EtcdServer
}

/** A subject with a store. */
export type Contender = Subject & { readonly etcd: EtcdServer }

/** What one load on a subject has shown. */
export interface Measured extends LoadResult {
  readonly etcdCallsPerRequest: number
  readonly cpuSecondsPer1000: number
}

/** What a run collects beside its figures. */
export interface Notes {
  readonly noise: Noise[]
  readonly remarks: string[]
}

/**
 * Where one scenario plays.
 *
 * INVARIANTS: every contender has an etcd of its own, fresh for the scenario; after `close` nothing that
 * was started here runs.
 */
export class Stage {
  readonly options: BenchOptions
  readonly scenario: string
  readonly #notes: Notes
  readonly #progress: (text: string) => void
  readonly #closings: (() => Promise<void>)[] = []

  constructor(
    scenario: string,
    options: BenchOptions,
    notes: Notes,
    progress: (text: string) => void,
  ) {
    this.scenario = scenario
    this.options = options
    this.#notes = notes
    this.#progress = progress
  }

  /** The length of a measurement and its warm-up. */
  get period(): { readonly warmupSeconds: number; readonly seconds: number } {
    const { seconds } = this.options
    return { seconds, warmupSeconds: Math.min(seconds, WARMUP_SECONDS) }
  }

  /** Starts airlock, and the peer if there is one; `prepare` fills the etcd before they start. */
  async startContenders(
    groups: readonly GroupConfig[],
    replicas = 1,
    prepare: (etcd: EtcdServer) => Promise<void> = () => Promise.resolve(),
  ): Promise<readonly [Contender, ...Contender[]]> {
    const start = async (name: 'airlock' | 'peer'): Promise<Contender> => {
      const etcd = await this.startEtcd()
      await prepare(etcd)
      const servers: ServerProcess[] = []
      while (servers.length < replicas) servers.push(await this.startServer(name, groups, etcd))
      return { name, servers, etcd }
    }
    const airlock = await start('airlock')
    if (this.options.peer === undefined) return [airlock]
    try {
      return [airlock, await start('peer')]
    } catch (error) {
      this.remark(`peer: ${error instanceof Error ? error.message : String(error)}`)
      return [airlock]
    }
  }

  async startEtcd(): Promise<EtcdServer> {
    const etcd = await startBenchEtcd()
    this.#closings.push(() => etcd.stop())
    return etcd
  }

  async startServer(
    name: ServerName,
    groups: readonly GroupConfig[],
    etcd?: EtcdServer,
  ): Promise<ServerProcess> {
    const etcdEndpoint = etcd?.endpoints[0] ?? 'http://127.0.0.1:1'
    const server = await startServer(this.#commandOf(name), { etcdEndpoint, groups })
    this.#closings.push(() => server.stop())
    return server
  }

  async startStoreLessApp(groups: readonly GroupConfig[]): Promise<Subject> {
    return { name: 'store-less app', servers: [await this.startServer('store-less app', groups)] }
  }

  /**
   * Does everything that is to be compared in turn, once a round, each round beginning with another;
   * resolves to the results of each, in the order of the rounds.
   */
  async inTurn<T>(measurements: readonly (() => Promise<T>)[]): Promise<readonly (readonly T[])[]> {
    const results = measurements.map((): T[] => [])
    for (let round = 0; round < this.options.rounds; round += 1) {
      this.#progress(`${this.scenario}: round ${round + 1} of ${this.options.rounds}`)
      for (let turn = 0; turn < measurements.length; turn += 1) {
        const index = (round + turn) % measurements.length
        const result = await measurements[index]?.()
        if (result !== undefined) results[index]?.push(result)
      }
    }
    return results
  }

  /** Puts load on a subject; an answer with another status than `expected` is remarked on. */
  async measure(
    subject: Subject,
    load: Load,
    expected: readonly string[] = ['200'],
  ): Promise<Measured> {
    const callsBefore = await callsOf(subject)
    const cpuBefore = await cpuSecondsOf(subject)
    const result = await putLoad(load)
    const cpu = (await cpuSecondsOf(subject)) - cpuBefore
    const calls = (await callsOf(subject)) - callsBefore
    const requests = Object.values(result.answers).reduce((sum, count) => sum + count, 0)
    for (const [status, count] of Object.entries(result.answers)) {
      if (!expected.includes(status)) this.remark(`${subject.name} answered ${status} ${count}×`)
    }
    if (result.generatorUse > BUSY_GENERATOR) {
      const use = Math.round(result.generatorUse * 100)
      this.remark(`the load on ${subject.name} took ${use} % of a processor itself`)
    }
    return {
      ...result,
      etcdCallsPerRequest: calls / requests,
      cpuSecondsPer1000: (cpu / requests) * 1000,
    }
  }

  noteNoise(what: string, values: readonly number[]): void {
    this.#notes.noise.push({ what: `${this.scenario}, ${what}`, spread: spread(values) })
  }

  remark(text: string): void {
    this.#notes.remarks.push(`${this.scenario}: ${text}`)
  }

  /** Stops what was started, the newest first. */
  async close(): Promise<void> {
    for (const close of this.#closings.splice(0).reverse()) await close()
  }

  #commandOf(name: ServerName): ServerCommand {
    const { peer, logLevel } = this.options
    const level = logLevel === undefined ? [] : ['--log-level', logLevel]
    switch (name) {
      case 'airlock':
        return (config) => [process.execPath, AIRLOCK_PROGRAM, 'serve', '-c', config, ...level]
      case 'store-less app':
        return (config) => [process.execPath, STORE_LESS_APP, config, ...level.slice(1)]
      case 'peer':
        // The shell gives way to the command, so that its process is the one that is looked at.
        return (config) => ['sh', '-c', `exec ${(peer ?? '').replaceAll('{config}', config)}`]
    }
  }
}

async function callsOf({ etcd }: Subject): Promise<number> {
  return etcd === undefined ? 0 : totalOf(await readEtcdCalls(etcd))
}

async function cpuSecondsOf({ servers }: Subject): Promise<number> {
  const seconds = await Promise.all(servers.map(({ pid }) => cpuSeconds(pid)))
  return seconds.reduce((sum, each) => sum + each, 0)
}
