import type { NotDone } from './answer.js'

const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed before the answer',
  EPIPE: 'the connection was closed before the answer',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the host',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name cannot be looked up at the moment',
}

/** OpenSSL's names of what is wrong with a certificate or a handshake, and Node.js' own. */
const TLS_CODE =
  /^(?:ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_|HOSTNAME_|PATH_LENGTH_|ERROR_IN_|EPROTO$)/

/** Certificates that no known authority has signed. */
const UNKNOWN_AUTHORITY = /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/

/** llhttp's errors: what answers there does not speak HTTP. */
const NOT_HTTP_CODE = /^HPE_/

/**
 * Why a request got no answer.
 *
 * @param url what was asked, without credentials
 * @param isConnected whether the request may have arrived
 */
export function describeTransportFailure(
  url: string,
  error: unknown,
  isConnected: boolean,
): NotDone {
  const first = firstOf(error)
  const code = codeOf(first)
  const message = first instanceof Error && first.message !== '' ? first.message : code
  if (TLS_CODE.test(code)) {
    const hint = UNKNOWN_AUTHORITY.test(code) ? '; --cafile names the authority to trust' : ''
    const value = `${url}: ${tlsSentence(code, message)}${hint}`
    return { outcome: 'broken', kind: 'tls_failure', value, mayBeDone: false }
  }
  if (NOT_HTTP_CODE.test(code)) {
    const value = `${url}: what answers there does not speak HTTP`
    return { outcome: 'broken', kind: 'not_http', value, mayBeDone: isConnected }
  }
  return {
    outcome: 'unavailable',
    kind: isConnected ? 'connection_lost' : 'unreachable',
    value: `${url}: ${SENTENCES[code] ?? message}`,
    mayBeDone: isConnected,
  }
}

/** A host with several addresses fails with one error for each, in an AggregateError without a message. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError ? (error.errors as readonly unknown[])[0] : error
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  return typeof code === 'string' ? code : ''
}

function tlsSentence(code: string, message: string): string {
  return code === 'EPROTO' || code.startsWith('ERR_SSL_')
    ? `TLS failed (${/:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1] ?? code})`
    : `the server's certificate is not accepted: ${message}`
}
