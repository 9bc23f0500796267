/** What a client says of itself in HTTP Basic (RFC 7617). */
export interface BasicCredentials {
  readonly user: string
  readonly password: string
}

/** What a client is told when it has to say who it is; RFC 7617, 2.1 explains `charset`. */
export const BASIC_CHALLENGE = 'Basic realm="airlock", charset="UTF-8"'

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i

/** Reads an `Authorization` header; undefined if there is none, or it is not well-formed HTTP Basic. */
export function parseBasicHeader(header: string | undefined): BasicCredentials | undefined {
  const encoded = BASIC.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  let text: string
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    text = decoder.decode(Buffer.from(encoded, 'base64'))
  } catch {
    return undefined
  }
  const end = text.indexOf(':')
  if (end < 0) return undefined
  return { user: text.slice(0, end), password: text.slice(end + 1) }
}
