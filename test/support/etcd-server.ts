import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CertificateFiles } from './certificates.js'
import { etcdArguments } from './etcd-arguments.js'
import { askEtcd, type EtcdClientFiles } from './etcd-gateway.js'
import { startEtcdProcess, type EtcdProcess } from './etcd-process.js'
import { findEtcd, type EtcdSource } from './find-etcd.js'
import { findFreePort } from './free-port.js'
import { createTempFolder, type TempFolder } from './temp-folder.js'

/** The files of an etcd with TLS towards its clients; `Certificates` has them all. */
export interface EtcdTls extends EtcdClientFiles {
  readonly server: CertificateFiles
  /** Whether clients must show a certificate of the CA; true unless told. */
  readonly isClientCertificateRequired?: boolean
}

/** What to start. */
export interface EtcdOptions {
  /** Members of the cluster; 1 unless told. */
  readonly size?: 1 | 3
  readonly tls?: EtcdTls
  readonly extraArgs?: readonly string[]
  /** True unless told: a killed process loses nothing by it, only a machine would. */
  readonly unsafeNoFsync?: boolean
}

/** How to reach an etcd. */
export interface EtcdAccess {
  /** Client URLs by IP, one for each member. */
  readonly endpoints: readonly string[]
  /** The same by the name `localhost`. */
  readonly namedEndpoints: readonly string[]
  /** Client ports, one for each member, all on 127.0.0.1. */
  readonly ports: readonly number[]
  readonly tls: EtcdTls | undefined
}

interface Member {
  readonly name: string
  readonly clientPort: number
  readonly peerPort: number
  id?: string
  process?: EtcdProcess
  isPaused: boolean
}

interface Header {
  readonly member_id: string
}

interface MemberList {
  readonly header: Header
  readonly members: readonly { readonly ID: string; readonly name?: string }[]
}

interface Status {
  readonly leader?: string
}

const START_ATTEMPTS = 5
const READY_WITHIN_MS = 15_000
const LEADER_WITHIN_MS = 10_000
const ANSWER_WITHIN_MS = 1_000
const POLL_MS = 20

/** Another process took a port between our look and etcd's listen. */
class PortTakenError extends Error {}

/**
 * Starts a real etcd on free ports of 127.0.0.1, its data in a temporary folder, and resolves when
 * each member, known by a name of our own making, has answered a linearizable read.
 */
export async function startEtcd(options: EtcdOptions = {}): Promise<EtcdServer> {
  const source = await findEtcd()
  for (let attempt = 1; ; attempt += 1) {
    const members: Member[] = []
    const cluster = randomBytes(6).toString('hex')
    for (let index = 0; index < (options.size ?? 1); index += 1) {
      const [clientPort, peerPort] = [await findFreePort(), await findFreePort()]
      members.push({ name: `test-${cluster}-${index}`, clientPort, peerPort, isPaused: false })
    }
    const server = new EtcdServer(source, options, members, await createTempFolder())
    try {
      await server.restart(...members.keys())
      return server
    } catch (error) {
      await server.stop()
      if (!(error instanceof PortTakenError) || attempt === START_ATTEMPTS) {
        throw error
      }
    }
  }
}

/**
 * A running etcd, single or a cluster; members are counted from 0.
 *
 * INVARIANTS:
 * - A member keeps its name, ports and data from start to {@link stop}.
 * - After {@link stop}, or at the end of this process, no etcd of it runs and its folder is gone.
 */
export class EtcdServer implements EtcdAccess {
  readonly endpoints: readonly string[]
  readonly namedEndpoints: readonly string[]
  readonly ports: readonly number[]
  readonly tls: EtcdTls | undefined
  readonly #source: EtcdSource
  readonly #options: EtcdOptions
  readonly #members: readonly Member[]
  readonly #folder: TempFolder

  /** Use {@link startEtcd}. */
  constructor(
    source: EtcdSource,
    options: EtcdOptions,
    members: readonly Member[],
    folder: TempFolder,
  ) {
    const scheme = options.tls === undefined ? 'http' : 'https'
    this.#source = source
    this.#options = options
    this.#members = members
    this.#folder = folder
    this.tls = options.tls
    this.ports = members.map(({ clientPort }) => clientPort)
    this.endpoints = this.ports.map((port) => `${scheme}://127.0.0.1:${port}`)
    this.namedEndpoints = this.ports.map((port) => `${scheme}://localhost:${port}`)
  }

  /** The process id of each member; undefined for one that does not run. */
  get pids(): readonly (number | undefined)[] {
    return this.#members.map(({ process }) => (process?.isRunning() ? process.pid : undefined))
  }

  /** Ends members at once, as a power cut does; resolves when they are gone. */
  async kill(...indexes: readonly number[]): Promise<void> {
    await Promise.all(
      indexes.map(async (index) => {
        const { process } = this.#member(index)
        if (process?.isRunning()) {
          await process.signal('SIGKILL')
          await process.ended
        }
      }),
    )
  }

  /** Freezes members: their ports stay open and nothing answers. */
  async pause(...indexes: readonly number[]): Promise<void> {
    await Promise.all(
      indexes.map(async (index) => {
        const member = this.#member(index)
        if (member.process?.isRunning()) {
          await member.process.signal('SIGSTOP')
          member.isPaused = true
        }
      }),
    )
  }

  /** Lets frozen members go on. */
  async resume(...indexes: readonly number[]): Promise<void> {
    for (const index of indexes) {
      const member = this.#member(index)
      await member.process?.signal('SIGCONT')
      member.isPaused = false
    }
  }

  /**
   * Starts members on their old data and ports, after killing those that still run, and resolves
   * when each answers a linearizable read: name as many at once as a majority needs.
   */
  async restart(...indexes: readonly number[]): Promise<void> {
    await this.kill(...indexes)
    const members = indexes.map((index) => this.#member(index))
    for (const member of members) {
      member.isPaused = false
      member.process = await startEtcdProcess(this.#source, this.#args(member), this.#folders())
    }
    await Promise.all(members.map((member) => this.#untilReady(member)))
  }

  /** The index of the leader, once the members that run agree on one that does; bound 10 s. */
  async leader(): Promise<number> {
    const end = performance.now() + LEADER_WITHIN_MS
    for (;;) {
      const alive = this.#members.filter(
        (member) => member.process?.isRunning() && !member.isPaused,
      )
      const answers = await Promise.allSettled(
        alive.map((member) => this.#ask<Status>(member, '/v3/maintenance/status', {})),
      )
      const leaders = answers.map((answer) =>
        answer.status === 'fulfilled' ? answer.value.leader : undefined,
      )
      const leader = alive.find(({ id }) => id === leaders[0])
      if (leader !== undefined && leaders.every((id) => id === leader.id)) {
        return this.#members.indexOf(leader)
      }
      if (performance.now() > end) {
        throw new Error(`etcd has had no leader for ${LEADER_WITHIN_MS} ms`)
      }
      await sleep(POLL_MS)
    }
  }

  /** Ends every member and removes the data; calling it again does nothing. */
  async stop(): Promise<void> {
    await this.kill(...this.#members.keys())
    await this.#folder.remove()
  }

  #member(index: number): Member {
    const member = this.#members[index]
    if (member === undefined) {
      throw new RangeError(`this etcd has ${this.#members.length} members, and no number ${index}`)
    }
    return member
  }

  #args(member: Member): string[] {
    return etcdArguments({
      name: member.name,
      folder: this.#folder.path,
      clientUrl: this.endpoints[this.#members.indexOf(member)] ?? '',
      members: this.#members,
      mayRunWithoutFsync: this.#source.mayRunWithoutFsync,
      options: this.#options,
    })
  }

  #folders(): string[] {
    const { tls } = this.#options
    const files = tls === undefined ? [] : [tls.caPath, tls.server.certPath, tls.server.keyPath]
    return [...new Set([this.#folder.path, ...files.map((path) => dirname(path))])]
  }

  #ask<T>(member: Member, path: string, body: object): Promise<T> {
    return askEtcd<T>(member.clientPort, path, body, this.tls, ANSWER_WITHIN_MS)
  }

  async #untilReady(member: Member): Promise<void> {
    const end = performance.now() + READY_WITHIN_MS
    for (;;) {
      let reason: unknown
      try {
        await this.#checkReady(member)
        return
      } catch (error) {
        reason = error
      }
      const output = member.process?.output() ?? ''
      if (member.process?.isRunning() !== true) {
        await member.process?.ended
        throw output.includes('address already in use')
          ? new PortTakenError(`a port of etcd was taken: ${output}`)
          : new Error(`etcd ended instead of starting. It printed:\n${output}`)
      }
      if (performance.now() > end) {
        throw new Error(`etcd was not ready within ${READY_WITHIN_MS} ms. It printed:\n${output}`, {
          cause: reason,
        })
      }
      await sleep(POLL_MS)
    }
  }

  async #checkReady(member: Member): Promise<void> {
    const list = await this.#ask<MemberList>(member, '/v3/cluster/member/list', {})
    const self = list.members.find(({ name }) => name === member.name)
    if (self?.ID !== list.header.member_id) {
      throw new Error(`the server on port ${member.clientPort} is not our ${member.name}`)
    }
    member.id = self.ID
    const aKey = Buffer.from('readiness').toString('base64')
    await this.#ask(member, '/v3/kv/range', { key: aKey }).catch((error: unknown) => {
      // With etcd's own auth switched on, only a member that is part of the quorum gets so far.
      if (!(error instanceof Error) || !error.message.includes('user name is empty')) {
        throw error
      }
    })
  }
}
