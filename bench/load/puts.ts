import { createEtcdClient } from '../../lib/store/etcd-client.js'
import type { PutLoad } from './load.js'
import type { Recorder } from './recorder.js'

const KEY = Buffer.from('bench/put')

/** As long as a semaphore with one holder. */
const VALUE = Buffer.from(
  JSON.stringify({ total_slots: 64, holders: ['0123456789abcdef0123456789abcdef'] }),
)

/** Runs a {@link PutLoad}; each put counts as a pre-reboot that was granted. */
export async function runPuts(load: PutLoad, recorder: Recorder): Promise<void> {
  const endpoints = [load.endpoint]
  const client = createEtcdClient({ kind: 'etcd', endpoints, isSecure: false }, {}, Date.now)
  const measureFrom = performance.now() + load.warmupSeconds * 1000
  const end = measureFrom + load.seconds * 1000
  try {
    for (;;) {
      const begin = performance.now()
      if (begin >= end) break
      await client.kv.put({ key: KEY, value: VALUE })
      recorder.answered('pre-reboot', '200', performance.now() - begin, begin >= measureFrom)
    }
    recorder.measuredFor(load.seconds * 1000)
  } finally {
    client.close()
  }
}
