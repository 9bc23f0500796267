import axe from 'axe-core'
import { expect } from 'chai'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'

/** A phone's width, in CSS pixels. */
export const PHONE = { width: 360, height: 700 }

/** How long the browser may take for anything: the machine may be busy. */
const BROWSER_TIMEOUT_MS = 15_000

/** One look at a page, in a browser profile of its own. */
export class Visit {
  readonly tab: Page
  readonly context: BrowserContext
  /** What the browser complains of, violations of the Content-Security-Policy among it. */
  readonly complaints: string[] = []

  private constructor(context: BrowserContext, tab: Page) {
    this.context = context
    this.tab = tab
    tab.on('console', (message) => {
      if (message.type() !== 'log') this.complaints.push(`${message.type()}: ${message.text()}`)
    })
    tab.on('pageerror', (error) => this.complaints.push(`thrown: ${error.message}`))
    tab.on('dialog', (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
  }

  /** Opens a page; without JavaScript it is there when it has arrived, otherwise when it is live. */
  static async start(
    browser: Browser,
    url: string,
    options: BrowserContextOptions = {},
  ): Promise<Visit> {
    const context = await browser.newContext(options)
    context.setDefaultTimeout(BROWSER_TIMEOUT_MS)
    const visit = new Visit(context, await context.newPage())
    await visit.tab.goto(url)
    if (options.javaScriptEnabled !== false) await visit.tab.locator('.live.on').waitFor()
    return visit
  }

  /** The text of an element as it is to be seen, in one line. */
  async text(selector: string): Promise<string> {
    return (await this.tab.locator(selector).innerText()).replace(/\s+/g, ' ').trim()
  }

  /** Waits until an element shows a text. */
  async shows(selector: string, text: string, timeoutMs = BROWSER_TIMEOUT_MS): Promise<void> {
    await this.tab
      .locator(selector)
      .filter({ hasText: text })
      .first()
      .waitFor({ timeout: timeoutMs })
  }

  /** Every violation of axe's rules, with what violates them; everything is opened first. */
  async violations(): Promise<readonly string[]> {
    await this.tab.evaluate(
      'for (const each of document.querySelectorAll("details")) each.open = true',
    )
    await this.tab.evaluate(axe.source)
    const { violations } = await this.tab.evaluate<axe.AxeResults>('axe.run()')
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
  }

  /** Whether it can be read without scrolling sideways. */
  async fitsIn(): Promise<boolean> {
    return this.tab.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth')
  }

  /** Ends the visit, after which the browser must not have complained. */
  async end(): Promise<void> {
    await this.context.close()
    expect(this.complaints).to.deep.equal([])
  }
}
