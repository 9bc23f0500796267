/**
 * Orders two strings as their UTF-8 bytes are ordered, which is the order of their code points.
 * coreos/airlock searches the stored holders by bytes; JavaScript's own order differs from U+E000 on,
 * where surrogate pairs sort before the end of the basic plane.
 */
export function compareBytes(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a !== b) return rank(a) - rank(b)
  }
  return left.length - right.length
}

/** A code unit's place in code-point order: surrogates stand for the planes above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
