import type { Findings } from './findings.js'
import { normaliseEndpoint, type Endpoint } from './normalise-endpoint.js'
import type { Reading } from './read-fragment.js'
import type { KeyPath } from './schema.js'
import type { EtcdSettings } from './settings.js'

/** From this Node on, TLS refuses an IP address as a server name (DEP0123 is end-of-life). */
const FIRST_NODE_WITHOUT_IP_SERVER_NAMES = 25

/** How the etcd keys are to be judged. */
export interface EtcdOptions {
  readonly nodeMajor: number
  /** False with the embedded store: then only what is wrong in itself is a problem. */
  readonly isUsed: boolean
}

/** Judges the keys of `etcd3` together; undefined when there are no endpoints to use. */
export function readEtcd(
  reading: Reading,
  findings: Findings,
  options: EtcdOptions,
): EtcdSettings | undefined {
  checkPair(reading, findings, 'etcd3.client_cert_pub_path', 'etcd3.client_cert_key_path')
  checkPair(reading, findings, 'etcd3.username', 'etcd3.password_path')
  const endpoints = readEndpoints(reading, findings)
  const first = endpoints[0]
  if (first === undefined || !options.isUsed) return undefined
  const other = endpoints.find(({ isSecure }) => isSecure !== first.isSecure)
  if (other !== undefined) {
    const message = `expected all http or all https, got ${first.url} and ${other.url}`
    findings.problem(reading.placeOf('etcd3.endpoints'), message)
  } else if (first.isSecure) {
    checkServerName(reading, findings, endpoints, options.nodeMajor)
  } else {
    findUnusedTls(reading, findings)
  }
  const { etcd3 } = reading.fragment
  return {
    kind: 'etcd',
    endpoints: endpoints.map(({ url }) => url),
    isSecure: first.isSecure,
    ...(etcd3.server_name !== undefined && { serverName: etcd3.server_name }),
    ...(etcd3.client_cert_pub_path !== undefined && { clientCertPath: etcd3.client_cert_pub_path }),
    ...(etcd3.client_cert_key_path !== undefined && { clientKeyPath: etcd3.client_cert_key_path }),
    ...(etcd3.ca_cert_path !== undefined && { caCertPath: etcd3.ca_cert_path }),
    ...(etcd3.username !== undefined && { username: etcd3.username }),
    ...(etcd3.password_path !== undefined && { passwordPath: etcd3.password_path }),
    transactionTimeoutMs: etcd3.transaction_timeout_ms,
  }
}

function checkPair(reading: Reading, findings: Findings, one: KeyPath, two: KeyPath): void {
  const [given, missing] = reading.isGiven(one) ? [one, two] : [two, one]
  if (!reading.isGiven(given) || reading.isGiven(missing)) return
  findings.problem(missing, `is missing: ${reading.placeOf(given)} is set, and needs it`)
}

function readEndpoints(reading: Reading, findings: Findings): readonly Endpoint[] {
  const seen = new Map<string, { readonly endpoint: Endpoint; readonly place: string }>()
  for (const [index, text] of (reading.fragment.etcd3.endpoints ?? []).entries()) {
    const normalised = normaliseEndpoint(text)
    // The schema has refused it already.
    if ('problem' in normalised) continue
    const { endpoint } = normalised
    const place = reading.placeOfItem('etcd3.endpoints', index)
    const earlier = seen.get(endpoint.url)
    if (earlier !== undefined) {
      findings.problem(place, `${endpoint.url} is listed already (${earlier.place})`)
      continue
    }
    seen.set(endpoint.url, { endpoint, place })
    if (endpoint.missing.length > 0) {
      const message = `"${text}" has no ${endpoint.missing.join(' and no ')}: using ${endpoint.url}`
      findings.warning(place, message)
    }
  }
  return [...seen.values()].map(({ endpoint }) => endpoint)
}

function checkServerName(
  reading: Reading,
  findings: Findings,
  endpoints: readonly Endpoint[],
  nodeMajor: number,
): void {
  if (nodeMajor < FIRST_NODE_WITHOUT_IP_SERVER_NAMES || reading.isGiven('etcd3.server_name')) return
  const byAddress = endpoints.find(({ isIpAddress }) => isIpAddress)
  if (byAddress === undefined) return
  findings.problem(
    'etcd3.server_name',
    `is missing: Node ${nodeMajor} cannot verify ${byAddress.url} by its IP address; ` +
      "set a DNS name of the servers' certificates here, or use names in etcd3.endpoints",
  )
}

/** The scheme decides, as it does in coreos/airlock: http with certificates configured is plain http. */
function findUnusedTls(reading: Reading, findings: Findings): void {
  const why = 'etcd3.endpoints are http, and the scheme decides; write https to use it'
  if (reading.isGiven('etcd3.server_name')) {
    findings.problem(
      reading.placeOf('etcd3.server_name'),
      'is only allowed with https endpoints: etcd3.endpoints are http',
    )
  }
  if (reading.isGiven('etcd3.client_cert_pub_path')) {
    const place = reading.placeOf('etcd3.client_cert_pub_path')
    findings.warning(place, `the client certificate is not used: ${why}`)
  }
  if (reading.isGiven('etcd3.ca_cert_path')) {
    const place = reading.placeOf('etcd3.ca_cert_path')
    findings.warning(place, `the CA certificate is not used: ${why}`)
  }
}
