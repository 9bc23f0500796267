import { chromium, type Browser } from 'playwright-core'
import { findProgram } from './find-program.js'

// Fedora names the program differently.
const NAMES = ['chromium', 'chromium-browser']

/** Starts the system's Chromium, without a window. Whoever starts one closes it. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: await findChromium(),
    // Containers forbid the namespaces that its sandbox is made of, and have a small /dev/shm; it sees
    // no page but ours.
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--disable-gpu',
      '--font-render-hinting=none',
    ],
  })
}

async function findChromium(): Promise<string> {
  const path = await findProgram('AIRLOCK_TEST_CHROMIUM', NAMES)
  if (path !== undefined) return path
  throw new Error(
    'these tests need a real browser, and there is no Chromium here: `npm test` installs what is ' +
      'missing, or type: apt-get install -y --no-install-recommends chromium',
  )
}
