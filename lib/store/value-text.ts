import { isUtf8 } from 'node:buffer'

/**
 * A stored value as text. Before what is not UTF-8 stands a U+FFFD, with which no document begins:
 * one that could not be read whole is then taken for corrupt, and never written back without the
 * bytes that were lost.
 */
export function textOfValue(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  return isUtf8(bytes) ? text : `\ufffd${text}`
}
