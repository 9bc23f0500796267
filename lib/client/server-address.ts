/** Where a FleetLock server is, and how this machine shows who it is. */
export interface ServerAddress {
  /** Ends with a slash; has no credentials. */
  readonly base: string
  /** The value of the Authorization header. */
  readonly authorization?: string
  /** The base URL to show to people: with the user, and PASSWORD in place of the password. */
  readonly shown: string
}

/** An address, or why the text is none, as the end of a sentence that never repeats a password. */
export type ParsedServerAddress = { readonly address: ServerAddress } | { readonly problem: string }

/**
 * Reads `http(s)://[user:password@]host[:port][/base]`. A base without a slash at its end gets one:
 * Zincati joins its base URL as a link and loses the last segment, which nobody wants.
 */
export function parseServerAddress(text: string): ParsedServerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    return {
      problem: 'must be http://HOST[:PORT]/ or https://HOST[:PORT]/, with a base path if any',
    }
  }
  if (url.search !== '' || url.hash !== '') {
    return { problem: 'must have no query and no fragment; write ? as %3F and # as %23' }
  }
  const credentials = readCredentials(url)
  if (credentials === undefined) {
    return { problem: 'has a user or password with a % that is no escape; write % as %25' }
  }
  const hasCredentials = credentials !== ':'
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  if (url.password !== '') url.password = 'PASSWORD'
  const shown = url.href
  url.username = ''
  url.password = ''
  const base = url.href
  if (!hasCredentials) return { address: { base, shown } }
  const authorization = `Basic ${Buffer.from(credentials, 'utf8').toString('base64')}`
  return { address: { base, shown, authorization } }
}

/** The URL of one of the protocol's paths. */
export function joinPath({ base }: ServerAddress, path: string): string {
  return base + path.replace(/^\//, '')
}

function readCredentials({ username, password }: URL): string | undefined {
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  } catch {
    return undefined
  }
}
