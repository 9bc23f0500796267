/** One FleetLock request. */
export interface LoadRequest {
  readonly operation: 'pre-reboot' | 'steady-state'
  readonly group: string
  readonly id: string
}

/** A kept connection to a port of 127.0.0.1, and what is sent over it, one after the other. */
export interface LoadConnection {
  readonly port: number
  readonly requests: readonly LoadRequest[]
}

/** Every connection sends its requests over and over, each as soon as the one before is answered. */
export interface LoopLoad {
  readonly kind: 'loop'
  readonly connections: readonly LoadConnection[]
  readonly warmupSeconds: number
  readonly seconds: number
}

/** All connections send their first request at once; again when the last answer has come. */
export interface BurstLoad {
  readonly kind: 'burst'
  readonly connections: readonly LoadConnection[]
  readonly warmupSeconds: number
  readonly seconds: number
}

/** Machines that are all to reboot once, and behave as Zincati does. */
export interface Fleet {
  readonly name: string
  readonly port: number
  readonly group: string
  readonly machines: number
  /** Within which their first requests come, evenly spread; 0: all at once. */
  readonly startMs: number
  readonly rebootMs: number
  /** The pause before a refused machine asks again, evenly spread between the two. */
  readonly retryMs: { readonly min: number; readonly max: number }
}

/** Several fleets at the same time. */
export interface FleetLoad {
  readonly kind: 'fleets'
  readonly fleets: readonly Fleet[]
}

/** Puts of one small key, one after the other, through the daemon's own etcd client. */
export interface PutLoad {
  readonly kind: 'puts'
  readonly endpoint: string
  readonly warmupSeconds: number
  readonly seconds: number
}

export type Load = LoopLoad | BurstLoad | FleetLoad | PutLoad

/** Times in milliseconds. */
export interface Latencies {
  readonly p50: number
  readonly p99: number
}

/** How many answers came with each status; `closed` where a connection ended instead. */
export type Answers = Readonly<Record<string, number>>

/** What a load has measured. */
export interface LoadResult {
  /** Requests answered while it was measured, by the time that this took. */
  readonly perSecond: number
  readonly latency: Readonly<Record<'all' | LoadRequest['operation'], Latencies>>
  /** All answers, those of the warm-up too. */
  readonly answers: Answers
  /** For a fleet's name, how long it took until every machine had rebooted. */
  readonly fleetSeconds: Readonly<Record<string, number>>
  /** The part of one processor that the load itself took. */
  readonly generatorUse: number
}
