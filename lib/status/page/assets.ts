import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** What a page needs besides itself. */
export interface Assets {
  readonly stylesheet: string
  readonly script: string
  /** Tells these from those of another build. */
  readonly build: string
}

/** From where this is compiled to (`dist/lib/status/page`) to the package's folder `web`. */
const FOLDER = new URL('../../../../web/', import.meta.url)

/** Reads the stylesheet and the script, which ship as they are. */
export function readAssets(): Assets {
  const stylesheet = readFileSync(new URL('page.css', FOLDER), 'utf8')
  const script = readFileSync(new URL('page.js', FOLDER), 'utf8')
  const hash = createHash('sha256').update(stylesheet).update(script)
  return { stylesheet, script, build: hash.digest('hex').slice(0, 12) }
}
