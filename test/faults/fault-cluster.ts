import { setTimeout as sleep } from 'node:timers/promises'
import { certificates } from '../support/certificates.js'
import { etcdConfig } from '../support/etcd-config.js'
import { askEtcd } from '../support/etcd-gateway.js'
import { startEtcd, type EtcdServer } from '../support/etcd-server.js'
import { TcpProxy } from '../support/tcp-proxy.js'
import { EtcdObserver } from './etcd-observer.js'
import { runFault, type FaultRun, type RunFigures } from './fault-run.js'
import type { FleetOptions } from './fleet.js'
import { SupervisedDaemon, type SupervisedDaemonOptions } from './supervised-daemon.js'

/** The groups of every run, and their slots. */
const GROUPS = [
  { name: 'one', slots: 1 },
  { name: 'two', slots: 2 },
  { name: 'three', slots: 3 },
]
const MACHINES_PER_GROUP = 12
const DAEMONS = 3

/** What a cluster differs in. */
export interface FaultClusterOptions {
  readonly etcdArgs?: readonly string[]
  /** For each daemon, by its number. */
  readonly daemon?: (index: number) => Omit<SupervisedDaemonOptions, 'config'>
}

/** An etcd of three members over mutual TLS, and three daemons, each behind proxies of its own. */
export class FaultCluster {
  readonly etcd: EtcdServer
  readonly daemons: readonly SupervisedDaemon[]
  /** By daemon, and then by member. */
  readonly proxies: readonly (readonly TcpProxy[])[]

  private constructor(
    etcd: EtcdServer,
    daemons: readonly SupervisedDaemon[],
    proxies: readonly (readonly TcpProxy[])[],
  ) {
    this.etcd = etcd
    this.daemons = daemons
    this.proxies = proxies
  }

  static async start(options: FaultClusterOptions = {}): Promise<FaultCluster> {
    const { etcdArgs: extraArgs = [], daemon } = options
    const etcd = await startEtcd({ size: 3, tls: await certificates(), extraArgs })
    const daemons: SupervisedDaemon[] = []
    const proxies: TcpProxy[][] = []
    const cluster = new FaultCluster(etcd, daemons, proxies)
    try {
      for (let index = 0; index < DAEMONS; index++) {
        const own = await Promise.all(etcd.ports.map((port) => TcpProxy.start(port)))
        proxies.push(own)
        const endpoints = own.map(({ port }) => `https://localhost:${port}`)
        const config = etcdConfig(etcd, { endpoints, groups: GROUPS })
        daemons.push(await SupervisedDaemon.start({ config, ...daemon?.(index) }))
      }
      return cluster
    } catch (error) {
      await cluster.destroy()
      throw error
    }
  }

  get urls(): readonly string[] {
    return this.daemons.map(({ url }) => url)
  }

  /** Runs one fault under load, and judges it; resolves to what was measured. */
  async run(
    name: string,
    scenario: (run: FaultRun, observer: EtcdObserver) => Promise<void>,
    fleet: Partial<FleetOptions> = {},
  ): Promise<RunFigures> {
    const groups = GROUPS.map((group) => group.name)
    const observer = await EtcdObserver.start(this.etcd, groups)
    const options = {
      groups,
      machinesPerGroup: MACHINES_PER_GROUP,
      urls: () => this.urls,
      ...fleet,
    }
    return runFault(name, options, observer, (run) => scenario(run, observer))
  }

  /** Asks the maintenance API of one member, as etcdctl does. */
  maintain<T>(member: number, path: string, body: object): Promise<T> {
    return askEtcd<T>(this.etcd.ports[member] ?? 0, path, body, this.etcd.tls, 10_000)
  }

  /** As an operator's cron job does: compacts to a revision, then defragments each member. */
  async compactAndDefragment(revision: number): Promise<void> {
    await this.maintain(0, '/v3/kv/compaction', { revision: String(revision), physical: true })
    for (const member of this.etcd.ports.keys()) {
      await this.maintain(member, '/v3/maintenance/defragment', {})
      await sleep(100)
    }
  }

  /** Ends all, and checks that no daemon has complained. */
  async stop(): Promise<void> {
    try {
      for (const daemon of this.daemons) await daemon.stop()
    } finally {
      await this.destroy()
    }
  }

  async destroy(): Promise<void> {
    await Promise.all(this.daemons.map((daemon) => daemon.destroy()))
    await Promise.all(this.proxies.flat().map((proxy) => proxy.close()))
    await this.etcd.stop()
  }
}
