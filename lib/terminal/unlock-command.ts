/** The line that frees a machine's slot, as it can be typed into a shell. */
export function unlockCommand(id: string, group: string): string {
  // What begins with a dash would be taken for an option.
  const inGroup = group.startsWith('-') ? `--group=${quote(group)}` : `-g ${quote(group)}`
  return id.startsWith('-')
    ? `airlock unlock ${inGroup} -- ${quote(id)}`
    : `airlock unlock ${quote(id)} ${inGroup}`
}

/** Words that mean themselves to every shell. */
const PLAIN = /^[A-Za-z0-9._:@%+,/-]+$/

const CONTROL = /[\0-\x1f\x7f-\x9f]/

function quote(word: string): string {
  if (PLAIN.test(word)) return word
  // A control character that is pasted may end the line or the paste: bash's quotes name its bytes.
  if (CONTROL.test(word)) return `$'${[...Buffer.from(word, 'utf8')].map(printByte).join('')}'`
  return `'${word.replaceAll("'", "'\\''")}'`
}

function printByte(byte: number): string {
  const character = String.fromCharCode(byte)
  return PLAIN.test(character) ? character : `\\x${byte.toString(16).padStart(2, '0')}`
}
