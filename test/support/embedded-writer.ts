import { writeSync } from 'node:fs'
import { systemClock } from '../../lib/daemon/system-clock.js'
import { openEmbeddedStore } from '../../lib/store/embedded-store.js'
import { StoreError } from '../../lib/store/store-error.js'

/**
 * A process of its own that writes to an embedded store:
 *
 * - `embedded-writer.js write PATH`: puts `n/<n>`, `last` and a filler in one commit each, from the
 *   number after `last` on, and prints n when it is committed, until it is killed. A StoreError is
 *   printed as `<kind>: <message>`, and ends it.
 * - `embedded-writer.js increment PATH COUNT`: increments the number at `counter` COUNT times.
 */
const [action, path = '', count = '0'] = process.argv.slice(2)

const TIMEOUT_MS = 30_000

/** More than one page, so that a commit is more than one write. */
const FILLER_BYTES = 20_000

// The store's timers alone do not keep a process alive.
const keepAlive = setInterval(() => undefined, 1_000)
try {
  await (action === 'write' ? write() : increment(Number(count)))
} catch (error) {
  if (!(error instanceof StoreError)) throw error
  say(`${error.kind}: ${error.message}`)
} finally {
  clearInterval(keepAlive)
}

async function write(): Promise<never> {
  const store = await openEmbeddedStore({ path, clock: systemClock })
  const { entries } = await store.read([{ key: 'last' }], TIMEOUT_MS)
  for (let n = Number(entries[0]?.value ?? 0) + 1; ; n++) {
    const puts = [
      { key: `n/${n}`, value: String(n) },
      { key: 'filler', value: String.fromCharCode(97 + (n % 26)).repeat(FILLER_BYTES) },
      { key: 'last', value: String(n) },
    ]
    await store.commit({ unchanged: [], puts, deletes: [] }, TIMEOUT_MS)
    say(String(n))
  }
}

async function increment(times: number): Promise<void> {
  const store = await openEmbeddedStore({ path, clock: systemClock })
  for (let done = 0; done < times;) {
    const { entries } = await store.read([{ key: 'counter' }], TIMEOUT_MS)
    const { value, revision } = entries[0] ?? { value: '0', revision: 0 }
    const unchanged = [{ key: 'counter', revision }]
    const puts = [{ key: 'counter', value: String(Number(value) + 1) }]
    const { outcome } = await store.commit({ unchanged, puts, deletes: [] }, TIMEOUT_MS)
    if (outcome === 'committed') done++
  }
  await store.close()
}

/** Written before the next commit begins, unlike what a stream may still hold when the kill comes. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}
