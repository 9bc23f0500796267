import { html, type Html } from './html.js'
import { unlockCommand } from '../../terminal/unlock-command.js'

/** A machine: its name where it has one, and always its id, which is what commands take. */
export function nodeId({ id, name }: { readonly id: string; readonly name: string | null }): Html {
  const code = html`<code class="id"><bdi>${id}</bdi></code>`
  return name === null ? code : html`<b class="name"><bdi>${name}</bdi></b> ${code}`
}

/** The line to type that frees a machine's slot; the button, which the script shows, copies it. */
export function unlockLine(id: string, group: string): Html {
  const command = unlockCommand(id, group)
  return html`<span class="command"
    ><code>${command}</code
    ><button type="button" class="copy" data-copy="${command}" hidden>
      Copy<span class="hint"> the command that unlocks ${id}</span>
    </button></span
  >`
}

/** What stands before any unlocking. */
export const BEFORE_UNLOCKING = html`Make sure first that the machine is really down, or its update
really over: its slot is what keeps the next machine up.`
