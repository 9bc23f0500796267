import type { StatusReport } from '../status-report.js'
import { HEARTBEAT_MS } from './bounds.js'
import { html, type Html } from './html.js'
import type { Section } from './sections.js'

/** What a page says of itself, so that its script can go on from there. */
export interface PageState {
  /** When it was drawn, by this replica's clock, in milliseconds since the epoch. */
  readonly now: number
  /** The last update that is in it. */
  readonly since: string
  /** Of which build its script and its stylesheet are. */
  readonly build: string
}

/** The whole page. It is complete without its script, which only keeps it up to date. */
export function pageDocument(
  { replica, groups }: StatusReport,
  sections: readonly Section[],
  { now, since, build }: PageState,
): Html {
  const draw = (section: Section): Html => section.draw(now)
  const fixed = (id: string): readonly Html[] => sections.filter((each) => each.id === id).map(draw)
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>airlock · ${replica.host}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="page.css" />
        <script type="module" src="page.js"></script>
      </head>
      <body>
        <a class="skip" href="#groups">To the groups</a>
        <header>
          <h1>airlock</h1>
          <span class="host">${replica.host}</span>
          <span class="live" id="live" role="status">
            <noscript
              >as of ${new Date(now).toISOString().slice(0, 19)}Z, <a href="">reload</a></noscript
            >
          </span>
        </header>
        <main
          data-now="${now}"
          data-since="${since}"
          data-build="${build}"
          data-beat="${HEARTBEAT_MS}"
        >
          ${fixed('attention')}
          <section class="groups" id="groups" aria-labelledby="groups-title" tabindex="-1">
            <div class="title">
              <h2 id="groups-title">Groups</h2>
              <label id="filter" hidden>
                <span>Filter</span> <input type="search" autocomplete="off" spellcheck="false" />
                <output></output>
              </label>
            </div>
            <ul class="legend" aria-label="Slots">
              <li><i class="held"></i> held</li>
              <li><i class="stale"></i> held for too long</li>
              <li><i class="free"></i> free</li>
            </ul>
            <div id="group-list">
              ${groups.length === 0 && html`<p class="nobody">No group is configured.</p>`}
              ${sections.filter(({ isGroup }) => isGroup).map(draw)}
            </div>
          </section>
          ${fixed('store')}
        </main>
        <footer>
          <span>This page changes nothing: <code>airlock</code> on a command line does.</span>
          <a href="status.json">status.json</a> <a href="metrics">metrics</a>
        </footer>
      </body>
    </html>`
}
