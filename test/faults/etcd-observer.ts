import { Etcd3 } from 'etcd3'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SemaphoreRevision, Sighting } from '../history/history.js'
import type { EtcdAccess } from '../support/etcd-server.js'

/** A document, and how often it was put since it was made. */
interface StoredRevision extends SemaphoreRevision {
  readonly version: number
}

/** Between two looks at the store, and the longest that one may take, in milliseconds. */
const SIGHT_EVERY_MS = 100
const DEADLINE_MS = 2_000

/** How long {@link EtcdObserver.collect} tries, in milliseconds: etcd may have been ill just now. */
const COLLECT_WITHIN_MS = 15_000

/**
 * Reads the history of groups' semaphores out of etcd itself, past the daemons and without their code:
 * from the newest document back, always the one just before, until what is known already. A watch
 * would be quicker, but can lose events in a fault; here the documents' versions prove that none is
 * missing. What is compacted must have been collected before.
 */
export class EtcdObserver {
  readonly sightings: Sighting[] = []
  readonly #client: Etcd3
  readonly #revisions = new Map<string, StoredRevision[]>()
  #sighting: Promise<void> | undefined
  #isStopping = false

  private constructor(client: Etcd3) {
    this.#client = client
  }

  /** Begins with what the store holds now. */
  static async start(etcd: EtcdAccess, groups: readonly string[]): Promise<EtcdObserver> {
    const observer = new EtcdObserver(await connect(etcd))
    for (const group of groups) {
      const newest = await observer.#read(group)
      observer.#revisions.set(group, [
        newest ?? { revision: 0, version: 0, totalSlots: 0, holders: [] },
      ])
    }
    observer.#sighting = observer.#sight()
    return observer
  }

  /** Every revision since the start, by group. */
  get revisions(): ReadonlyMap<string, readonly SemaphoreRevision[]> {
    return this.#revisions
  }

  /** Reads what is new; resolves to the store's revision up to which all is collected. */
  async collect(): Promise<number> {
    const end = performance.now() + COLLECT_WITHIN_MS
    for (;;) {
      try {
        const { header } = await this.#client.get('nothing').exec()
        await Promise.all([...this.#revisions].map(([group, known]) => this.#extend(group, known)))
        return Number(header.revision)
      } catch (error) {
        if (performance.now() > end) throw error
        await sleep(SIGHT_EVERY_MS)
      }
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#sighting
    this.#client.close()
  }

  async #extend(group: string, known: StoredRevision[]): Promise<void> {
    const last = known.at(-1)
    if (last === undefined) return
    const found: StoredRevision[] = []
    let next = await this.#read(group)
    while (next !== undefined && next.revision > last.revision) {
      found.unshift(next)
      if (next.version === last.version + 1) break
      next = await this.#read(group, next.revision - 1)
    }
    for (const [index, { version }] of found.entries()) {
      if (version !== last.version + 1 + index) throw new Error(`a document of ${group} is missing`)
    }
    known.push(...found)
  }

  async #sight(): Promise<void> {
    while (!this.#isStopping) {
      for (const group of this.#revisions.keys()) {
        const start = performance.now()
        try {
          const revision = (await this.#read(group))?.revision ?? 0
          this.sightings.push({ group, revision, start, end: performance.now() })
        } catch {
          // The fault under test; there is nothing to see then.
        }
      }
      await sleep(SIGHT_EVERY_MS)
    }
  }

  async #read(group: string, revision?: number): Promise<StoredRevision | undefined> {
    const request = this.#client.get(`com.coreos.airlock/groups/${group}/v1/semaphore`)
    if (revision !== undefined) request.revision(revision)
    const [pair] = (await request.exec()).kvs
    if (pair === undefined) return undefined
    const document = JSON.parse(pair.value.toString('utf8')) as {
      total_slots: number
      holders: string[]
    }
    return {
      revision: Number(pair.mod_revision),
      version: Number(pair.version),
      totalSlots: document.total_slots,
      holders: document.holders,
    }
  }
}

async function connect(etcd: EtcdAccess): Promise<Etcd3> {
  const { tls } = etcd
  return new Etcd3({
    hosts: [...etcd.namedEndpoints],
    ...(tls === undefined
      ? {}
      : {
          credentials: {
            rootCertificate: await readFile(tls.caPath),
            certChain: await readFile(tls.client.certPath),
            privateKey: await readFile(tls.client.keyPath),
          },
        }),
    grpcOptions: { 'grpc.enable_http_proxy': 0, 'grpc.service_config_disable_resolution': 1 },
    defaultCallOptions: (context) =>
      context.isStream ? {} : { deadline: Date.now() + DEADLINE_MS },
  })
}
