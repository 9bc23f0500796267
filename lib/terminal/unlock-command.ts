import { shellWord } from './shell-word.js'

/** The line that frees a machine's slot, as it can be typed into a shell. */
export function unlockCommand(id: string, group: string): string {
  // What begins with a dash would be taken for an option.
  const inGroup = group.startsWith('-') ? `--group=${shellWord(group)}` : `-g ${shellWord(group)}`
  return id.startsWith('-')
    ? `airlock unlock ${inGroup} -- ${shellWord(id)}`
    : `airlock unlock ${shellWord(id)} ${inGroup}`
}
