import type { StatusReport, StoreReport } from '../status-report.js'
import { html, type Html } from './html.js'
import { age } from './times.js'

/** The store: what it is, which of it answers and how fast, and what went wrong last. */
export function storeSection({ store, replica }: StatusReport, now: number): Html {
  const { description, reachable, revision, seen_at: seenAt, last_error: error } = store
  return html`<section id="store" class="store" aria-labelledby="store-title">
    <h2 id="store-title">Store</h2>
    <p>
      <b class="tag ${reachable ? 'open' : 'stuck'}">${reachable ? 'reachable' : 'unreachable'}</b>
      <span class="what">${description}</span>
      ${reachable && store.latency_ms !== null && html`<span>${latency(store.latency_ms)}</span>`}
      ${revision !== null && html`<span>revision ${revision}</span>`}
      ${!reachable && seenAt !== null && html`<span>last read ${age(seenAt, now)} ago</span>`}
    </p>
    ${
      store.endpoints.length > 0 &&
      html`<ul class="endpoints">
        ${store.endpoints.map(endpointRow)}
      </ul>`
    }
    ${
      error !== null &&
      html`<p class="last-error">
        Last error, ${age(error.at, now)} ago: <code class="error">${error.reason}</code>
      </p>`
    }
    <p class="note">
      Seen by the replica <b>${replica.host}</b> (airlock ${replica.version}): who waits and who was
      refused are known to it alone.
    </p>
  </section>`
}

function endpointRow({ endpoint, answers, ...rest }: StoreReport['endpoints'][number]): Html {
  return html`<li>
    <b class="tag ${answers ? 'open' : 'error'}">${answers ? 'answers' : 'silent'}</b>
    <code>${endpoint}</code>
    ${rest.latency_ms !== null && html`<span>${latency(rest.latency_ms)}</span>`}
    ${rest.error !== null && html`<code class="error">${rest.error}</code>`}
  </li>`
}

/** Coarse, so that what is told of a store that is well stays the same. */
const LATENCY_STEPS_MS = [5, 10, 20, 50, 100, 200, 500, 1000, 2000]

function latency(ms: number): string {
  const step = LATENCY_STEPS_MS.find((each) => ms < each)
  return step === undefined ? `${Math.round(ms / 1000)} s` : `under ${step} ms`
}
