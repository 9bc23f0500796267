import { startEtcd, type EtcdServer } from '../test/support/etcd-server.js'

/** How often etcd has been asked, by its own counters. */
export interface EtcdCalls {
  readonly transactions: number
  readonly ranges: number
  readonly puts: number
}

/** One etcd as a small production has it: it syncs its log, compacts by itself, and has room. */
export function startBenchEtcd(): Promise<EtcdServer> {
  return startEtcd({
    unsafeNoFsync: false,
    extraArgs: [
      // The test's own are quicker than any production's.
      '--heartbeat-interval=100',
      '--election-timeout=1000',
      '--auto-compaction-mode=revision',
      '--auto-compaction-retention=1000',
      // The largest that etcd advises: a document of 5,000 holders is written some thousand times.
      `--quota-backend-bytes=${8 * 1024 ** 3}`,
    ],
  })
}

/** Reads etcd's counters of finished calls. */
export async function readEtcdCalls(etcd: EtcdServer): Promise<EtcdCalls> {
  const response = await fetch(`${etcd.endpoints[0] ?? ''}/metrics`)
  const text = await response.text()
  const count = (method: string): number => {
    const pattern = new RegExp(
      `^grpc_server_handled_total{.*grpc_method="${method}",.*} (\\S+)$`,
      'gm',
    )
    return [...text.matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0)
  }
  return { transactions: count('Txn'), ranges: count('Range'), puts: count('Put') }
}

/** All calls that count as a transaction. */
export function totalOf({ transactions, ranges, puts }: EtcdCalls): number {
  return transactions + ranges + puts
}
