/** Words that mean themselves to every shell. */
const PLAIN = /^[A-Za-z0-9._:@%+,/-]+$/

/** What cannot be seen for what it is, on a terminal or in a browser. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** A word as it can be typed into a shell, on one line and without a character that cannot be seen. */
export function shellWord(word: string): string {
  if (PLAIN.test(word)) return word
  // A control character that is pasted may end the line or the paste: bash's quotes name its bytes.
  if (UNPRINTABLE.test(word)) return `$'${[...Buffer.from(word, 'utf8')].map(printByte).join('')}'`
  return `'${word.replaceAll("'", "'\\''")}'`
}

function printByte(byte: number): string {
  const character = String.fromCharCode(byte)
  return PLAIN.test(character) ? character : `\\x${byte.toString(16).padStart(2, '0')}`
}
