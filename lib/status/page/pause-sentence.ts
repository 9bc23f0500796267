import type { PauseReport } from '../status-report.js'
import { html, type Html } from './html.js'
import { age } from './times.js'

/** Why, by whom and for how long there are no new grants. */
export function pauseSentence({ reason, by, since }: PauseReport, now: number): Html {
  return html`<q>${reason}</q>, by <bdi>${by}</bdi>, for ${age(since, now)}.`
}
