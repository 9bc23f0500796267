import type { Findings } from './findings.js'
import { readEtcd } from './read-etcd.js'
import type { Reading } from './read-fragment.js'
import type { KeyPath } from './schema.js'
import type { StoreSettings } from './settings.js'

/** Keys that mean nothing without etcd. The timeout is not among them: it bounds both stores. */
const ETCD_ONLY = [
  'etcd3.client_cert_pub_path',
  'etcd3.client_cert_key_path',
  'etcd3.ca_cert_path',
  'etcd3.server_name',
  'etcd3.username',
  'etcd3.password_path',
] as const satisfies readonly KeyPath[]

/**
 * The store that the keys of `store` and `etcd3` together ask for; undefined after a problem. etcd
 * is meant when endpoints are given; the embedded store must be asked for by name.
 */
export function chooseStore(
  reading: Reading,
  findings: Findings,
  nodeMajor: number,
): StoreSettings | undefined {
  const { etcd3, store } = reading.fragment
  const kind = chooseKind(reading, findings)
  const etcd = readEtcd(reading, findings, { nodeMajor, isUsed: kind !== 'embedded' })
  if (kind === 'etcd') {
    if (reading.isGiven('store.path')) {
      const message = 'is not used: the store is etcd, because etcd3.endpoints is set'
      findings.warning(reading.placeOf('store.path'), message)
    }
    return etcd
  }
  if (kind !== 'embedded') return undefined
  for (const path of ETCD_ONLY.filter((path) => reading.isGiven(path))) {
    findings.warning(reading.placeOf(path), 'is not used: store.kind is "embedded"')
  }
  if (store.path === undefined) {
    if (!reading.isGiven('store.path')) {
      findings.problem('store.path', 'is missing: store.kind = "embedded" needs a path')
    }
    return undefined
  }
  return {
    kind: 'embedded',
    path: store.path,
    transactionTimeoutMs: etcd3.transaction_timeout_ms,
  }
}

function chooseKind(reading: Reading, findings: Findings): 'etcd' | 'embedded' | undefined {
  const { etcd3, store } = reading.fragment
  const isEtcdGiven = reading.isGiven('etcd3.endpoints') && etcd3.endpoints?.length !== 0
  const place = reading.placeOf('store.kind')
  if (store.kind === undefined) {
    if (reading.isGiven('store.kind')) return undefined
    if (isEtcdGiven) return 'etcd'
    findings.problem(
      place,
      'no store is chosen: set etcd3.endpoints to use etcd, ' +
        'or store.kind = "embedded" and store.path to use this machine alone',
    )
    return undefined
  }
  if (store.kind === 'embedded' && isEtcdGiven) {
    const endpoints = reading.placeOf('etcd3.endpoints')
    findings.problem(place, `"embedded" and ${endpoints} exclude each other: choose one of them`)
    return undefined
  }
  if (store.kind === 'etcd' && !isEtcdGiven) {
    const message = 'is missing: store.kind = "etcd" needs at least one endpoint'
    findings.problem(reading.placeOf('etcd3.endpoints'), message)
  }
  return store.kind
}
