import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { startBrowser } from '../support/browser.js'
import { SAMPLE_NOW } from '../support/sample-reports.js'
import { serveSamplePage } from '../support/sample-page.js'
import { SAMPLE_STATES } from '../support/sample-states.js'

const FOLDER = join(import.meta.dirname, '../../../docs/screenshots')

type State = keyof typeof SAMPLE_STATES

/** What is taken of each state: in which light, and on what. */
const TAKES: readonly (readonly [State, 'light' | 'dark', number])[] = [
  ['empty', 'light', 1080],
  ['busy', 'light', 1080],
  ['stuck', 'light', 1080],
  ['stuck', 'dark', 360],
  ['paused', 'light', 1080],
  ['store-down', 'light', 1080],
]

async function take(
  browser: Browser,
  [state, light, width]: (typeof TAKES)[number],
): Promise<void> {
  const page = await serveSamplePage(SAMPLE_STATES[state])
  const context = await browser.newContext({
    viewport: { width, height: 400 },
    colorScheme: light,
  })
  try {
    const tab = await context.newPage()
    await tab.clock.setFixedTime(SAMPLE_NOW)
    await tab.goto(page.url)
    await tab.locator('.live.on').waitFor()
    // What is outside of the window is not always drawn.
    const height = await tab.evaluate<number>('document.documentElement.scrollHeight')
    await tab.setViewportSize({ width, height })
    const suffix = `${light === 'dark' ? '-dark' : ''}${width < 500 ? '-phone' : ''}`
    await tab.screenshot({ path: join(FOLDER, `${state}${suffix}.png`), fullPage: true })
  } finally {
    await context.close()
    await page.stop()
  }
}

await mkdir(FOLDER, { recursive: true })
const browser = await startBrowser()
try {
  for (const each of TAKES) await take(browser, each)
} finally {
  await browser.close()
}
