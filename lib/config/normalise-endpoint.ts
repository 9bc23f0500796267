import { isIPv4, isIPv6 } from 'node:net'
import { ENDPOINT_PORT } from './bounds.js'
import { quoteText } from './describe-value.js'
import { isHostName } from './host-name.js'

/** Where one etcd member listens. */
export interface Endpoint {
  /** `scheme://host:port`, lower case, IPv6 in brackets and in its shortest form. */
  readonly url: string
  /** Whether the scheme is https; it alone decides on TLS. */
  readonly isSecure: boolean
  /** Whether the host is an IP address, which TLS on Node >= 25 takes for no server name. */
  readonly isIpAddress: boolean
  /** What the text left out and was assumed, in words; for a warning. */
  readonly missing: readonly ('scheme' | 'port')[]
}

/** An endpoint, or why the text is none, as the end of a sentence that begins with its place. */
export type NormalisedEndpoint = { readonly endpoint: Endpoint } | { readonly problem: string }

const EXPECTED = 'expected http://HOST:PORT or https://HOST:PORT'

/** etcd's own port for clients. */
const DEFAULT_PORT = 2379

/**
 * Reads one of `etcd3.endpoints` as people write them, so that the etcd client, which misreads most
 * of these without a word, only sees one form.
 *
 * Accepted: an upper-case scheme, a trailing slash, no port (2379 is used and `missing` says so, for
 * a warning), a bare `host:port` (http, likewise with a warning). Refused: anything after the slash,
 * user names and passwords (the message hides them), other schemes, IPv6 without brackets.
 */
export function normaliseEndpoint(text: string): NormalisedEndpoint {
  const afterSecret = text.lastIndexOf('@')
  if (afterSecret >= 0) {
    const shown = quoteText(text.includes('://') ? text : `***${text.slice(afterSecret)}`)
    return {
      problem: `${EXPECTED}, got a user name in ${shown}; use etcd3.username and etcd3.password_path`,
    }
  }
  const shown = quoteText(text)
  if (/\s/.test(text)) return { problem: `${EXPECTED} without spaces, got ${shown}` }
  const written = /^(?:([a-z][a-z0-9+.-]*):\/\/|(unixs?):)/i.exec(text)
  const scheme = (written?.[1] ?? written?.[2])?.toLowerCase()
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    return { problem: `${EXPECTED}, got the scheme ${quoteText(scheme)} in ${shown}` }
  }
  const rest = text.slice(written?.[0].length ?? 0)
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? ''
  const tail = rest.slice(authority.length)
  if (tail !== '' && tail !== '/') {
    return { problem: `${EXPECTED} without a path, query or fragment, got ${shown}` }
  }
  if (isIPv6(authority)) {
    return {
      problem: `expected an IPv6 address in brackets, as in http://[::1]:2379, got ${shown}`,
    }
  }
  const parts = /^(\[[0-9a-f:.]*\]|[^:[\]]*)(?::(.*))?$/is.exec(authority)
  const host = parts === null ? undefined : normaliseHost(parts[1] ?? '')
  if (host === undefined) return { problem: `${EXPECTED}, got ${shown}` }
  const port = parts?.[2] === undefined ? DEFAULT_PORT : readPort(parts[2])
  if (port === undefined) {
    const { min, max } = ENDPOINT_PORT
    return { problem: `expected a port from ${min} to ${max} after the host, got ${shown}` }
  }
  const missing: ('scheme' | 'port')[] = []
  if (scheme === undefined) missing.push('scheme')
  if (parts?.[2] === undefined) missing.push('port')
  return {
    endpoint: {
      url: `${scheme ?? 'http'}://${host}:${port}`,
      isSecure: scheme === 'https',
      isIpAddress: host.startsWith('[') || isIPv4(host),
      missing,
    },
  }
}

function normaliseHost(host: string): string | undefined {
  if (host.startsWith('[')) {
    return isIPv6(host.slice(1, -1)) ? new URL(`http://${host}`).hostname : undefined
  }
  return isIPv4(host) || isHostName(host) ? host.toLowerCase() : undefined
}

function readPort(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined
  const port = Number(text)
  return port >= ENDPOINT_PORT.min && port <= ENDPOINT_PORT.max ? port : undefined
}
