import { isIP } from 'node:net'
import { MAX_HOST_NAME_LENGTH } from './bounds.js'

/** One part between dots. `_` is no DNS host name, but container engines make such names. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i

/**
 * Whether `text` can be looked up as a host name; one dot at its end is allowed. All digits after the
 * last dot is refused: that is a mistyped IPv4 address (10.0.0.300).
 */
export function isHostName(text: string): boolean {
  if (text.length > MAX_HOST_NAME_LENGTH) return false
  const labels = text.replace(/\.$/, '').split('.')
  return labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '')
}

/** Whether `text` is a host name or an IP address (IPv6 without brackets). */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || isHostName(text)
}
