import * as v from 'valibot'
import type { Findings } from './findings.js'
import { alertPattern, line, remoteUrl } from './gate-value-types.js'
import { MAX_QUERY_LENGTH } from './bounds.js'
import type { Reading } from './read-fragment.js'
import { readBlackouts } from './read-windows.js'
import type { Fragment, KeyPath } from './schema.js'
import type { GateSettings, HttpCheckSettings, PrometheusSettings } from './settings.js'
import type { ValueType } from './value-types.js'

type Environment = Readonly<Record<string, string | undefined>>
type RemoteFragment = Omit<Fragment['gates']['http'][number], 'url' | 'name' | 'expect_status'>
type RemoteSettings = Omit<HttpCheckSettings, 'url' | 'name' | 'expectStatus'>

/** What poseidon/fleetlock's fork asks for unless told, which counts pending alerts too. */
const FORK_QUERY = 'ALERTS'

const PROMETHEUS_KEYS = [
  'query',
  'ignore',
  'timeout_ms',
  'on_error',
  'bearer_token_path',
  'username',
  'password_path',
  'ca_cert_path',
  'groups',
] as const

/** What is asked before a machine may take a slot. `groups` are those that are configured. */
export function readGates(
  reading: Reading,
  groups: readonly string[],
  environment: Environment,
  findings: Findings,
): GateSettings {
  const known = new Set(groups)
  const checkGroups = (names: readonly string[] | undefined, place: string): void => {
    for (const [index, name] of (names ?? []).entries()) {
      if (known.has(name)) continue
      findings.problem(`${place}.groups[${index}]`, `there is no group "${name}"`)
    }
  }
  const prometheus = readPrometheus(reading, environment, findings)
  checkGroups(prometheus?.groups, 'gates.prometheus')
  const http = reading.fragment.gates.http.flatMap((check, index): HttpCheckSettings[] => {
    const place = reading.placeOfItem('gates.http', index)
    checkGroups(check.groups, place)
    const { url, name, expect_status: expectStatus } = check
    if (url === undefined) return []
    const { origin, pathname } = new URL(url)
    const remote = readRemote({ ...check, url }, (key) => `${place}.${key}`, findings)
    return [{ url, name: name ?? origin + pathname, expectStatus, ...remote }]
  })
  const blackouts = readBlackouts(reading, findings, checkGroups)
  return { blackouts, http, ...(prometheus !== undefined && { prometheus }) }
}

function readPrometheus(
  reading: Reading,
  environment: Environment,
  findings: Findings,
): PrometheusSettings | undefined {
  const { prometheus } = reading.fragment.gates
  const given = PROMETHEUS_KEYS.find((key) => reading.isGiven(`gates.prometheus.${key}`))
  if (!reading.isGiven('gates.prometheus.url')) {
    if ((environment['PROMETHEUS_URL'] ?? '') !== '' || given === undefined) {
      return readForkVariables(reading, environment, findings)
    }
    const place = reading.placeOf(`gates.prometheus.${given}`)
    findings.problem('gates.prometheus.url', `is missing: ${place} is set, and needs it`)
    return undefined
  }
  const { url, query, ignore } = prometheus
  if (url === undefined) return undefined
  const placeOf = (key: string): string => reading.placeOf(`gates.prometheus.${key}` as KeyPath)
  const remote = readRemote({ ...prometheus, url }, placeOf, findings)
  return { url, query, ...(ignore !== undefined && { ignore }), ...remote }
}

/** The variables of poseidon/fleetlock's fork, and what the file has beside the URL. */
function readForkVariables(
  reading: Reading,
  environment: Environment,
  findings: Findings,
): PrometheusSettings | undefined {
  const { prometheus } = reading.fragment.gates
  const placeOf = (key: string): string => reading.placeOf(`gates.prometheus.${key}` as KeyPath)
  const read = (name: string, type: ValueType<string>): string | undefined => {
    const text = environment[name] ?? ''
    if (text === '') return undefined
    const result = v.safeParse(type.schema, text, { abortPipeEarly: true })
    if (result.success) return result.output
    for (const { message } of result.issues) findings.problem(name, message)
    return undefined
  }
  const url = read('PROMETHEUS_URL', remoteUrl({ mayHaveQuery: false }))
  const ignore = read('PROMETHEUS_FILTER', alertPattern()) ?? prometheus.ignore
  const asked = read('PROMETHEUS_QUERY', line(MAX_QUERY_LENGTH))
  if (url === undefined) {
    for (const name of ['PROMETHEUS_QUERY', 'PROMETHEUS_FILTER']) {
      const isUnused =
        (environment[name] ?? '') !== '' && (environment['PROMETHEUS_URL'] ?? '') === ''
      if (isUnused) findings.warning(name, 'is not used: PROMETHEUS_URL is not set')
    }
    return undefined
  }
  const query = asked ?? (reading.isGiven('gates.prometheus.query') ? prometheus.query : FORK_QUERY)
  const remote = readRemote({ ...prometheus, url }, placeOf, findings)
  return { url, query, ...(ignore !== undefined && { ignore }), ...remote }
}

/** How to ask a server; `placeOf` tells where one of its keys is. */
function readRemote(
  remote: RemoteFragment & { readonly url: string },
  placeOf: (key: string) => string,
  findings: Findings,
): RemoteSettings {
  const { url, bearer_token_path: bearerTokenPath, username, password_path: passwordPath } = remote
  const isSecure = new URL(url).protocol === 'https:'
  if ((username === undefined) !== (passwordPath === undefined)) {
    const [there, missing] =
      username === undefined ? ['password_path', 'username'] : ['username', 'password_path']
    findings.problem(placeOf(missing), `is missing: ${placeOf(there)} is set, and needs it`)
  } else if (username !== undefined && bearerTokenPath !== undefined) {
    const message = `excludes ${placeOf('username')}: choose one of them`
    findings.problem(placeOf('bearer_token_path'), message)
  }
  if (!isSecure && (username !== undefined || bearerTokenPath !== undefined)) {
    const message = 'is http: the secret crosses the network in the clear'
    findings.warning(placeOf('url'), message)
  }
  if (!isSecure && remote.ca_cert_path !== undefined) {
    findings.warning(placeOf('ca_cert_path'), 'is not used: the URL is http')
  }
  if (remote.on_error === 'allow') {
    const message = '"allow" lets machines reboot while nobody answers this gate'
    findings.warning(placeOf('on_error'), message)
  }
  return {
    timeoutMs: remote.timeout_ms,
    onError: remote.on_error,
    ...(bearerTokenPath !== undefined && { bearerTokenPath }),
    ...(username !== undefined && { username }),
    ...(passwordPath !== undefined && { passwordPath }),
    ...(remote.ca_cert_path !== undefined && { caCertPath: remote.ca_cert_path }),
    ...(remote.groups !== undefined && { groups: remote.groups }),
  }
}
