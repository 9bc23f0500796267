import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { startBrowser } from '../support/browser.js'
import { eventually } from '../support/eventually.js'
import { serveSamplePage, type SamplePage } from '../support/sample-page.js'
import {
  SAMPLE_NOW,
  ago,
  sampleGroup,
  sampleHolder,
  sampleReport,
} from '../support/sample-reports.js'
import { crowdedReport, largeReport, SAMPLE_STATES } from '../support/sample-states.js'
import { PHONE, Visit } from '../support/visit.js'

const DESK = { width: 1280, height: 900 }

/** A page that takes a second is one that people wait for; this machine may have other things to do. */
const SECOND_MS = 1000
const PATIENCE = 5

/** The page, and how long it took at best: it is drawn in a tenth of a second, if nothing else is done. */
async function drawQuickly(url: string): Promise<{ text: string; milliseconds: number }> {
  let text = ''
  let milliseconds = Infinity
  for (let draw = 0; draw < 3; draw += 1) {
    const started = performance.now()
    text = await (await fetch(url)).text()
    milliseconds = Math.min(milliseconds, performance.now() - started)
  }
  return { text, milliseconds }
}

describe('the status page, in a browser', function () {
  this.timeout(60_000)
  let browser: Browser
  let page: SamplePage | undefined
  before(async () => {
    browser = await startBrowser()
  })
  after(() => browser.close())
  afterEach(() => page?.stop())

  for (const [name, report] of Object.entries(SAMPLE_STATES)) {
    for (const [colorScheme, viewport] of [
      ['light', DESK],
      ['dark', PHONE],
    ] as const) {
      it(`is accessible and fits, ${name}, ${colorScheme}, ${viewport.width} px wide`, async () => {
        page = await serveSamplePage(report)
        const visit = await Visit.start(browser, page.url, { colorScheme, viewport })
        expect(await visit.violations()).to.deep.equal([])
        expect(await visit.fitsIn()).to.equal(true)
        await visit.end()
      })
    }
  }

  it('counts times on in the words in which they were sent', async () => {
    const minutes = [0.2, 0.99, 1.5, 59.5, 60.5, 192, 1439, 1440.5, 3125, 100_000]
    const holders = minutes.map((each, place) => sampleHolder(`machine-${place}`, each))
    page = await serveSamplePage(
      sampleReport({ groups: [sampleGroup('a', { slots: 10, holders })] }),
    )
    const plain = await Visit.start(browser, page.url, { javaScriptEnabled: false })
    const sent = await plain.tab.locator('time').allTextContents()
    await plain.end()
    expect(sent).to.have.length(minutes.length)
    const visit = await Visit.start(browser, page.url)
    // The clock of the page is the replica's, whatever the browser's is: set it, and let it count.
    await visit.tab.clock.setFixedTime(SAMPLE_NOW)
    await visit.tab.reload()
    await visit.tab.locator('.live.on').waitFor()
    expect(await visit.tab.locator('time').allTextContents()).to.deep.equal(sent)
    await visit.tab.clock.setFixedTime(SAMPLE_NOW + 61_000)
    await eventually(async () => {
      const counted = await visit.tab.locator('time').allTextContents()
      expect(counted[0]).to.equal('1 min')
      expect(counted[4]).to.equal('1 h 1 min')
    })
    await visit.end()
  })

  it('keeps what is open, what has the focus and what is hidden when it is updated', async () => {
    const groups = ['a', 'b', 'c'].map((name) => sampleGroup(name))
    page = await serveSamplePage(sampleReport({ groups }))
    const visit = await Visit.start(browser, page.url)
    await visit.tab.locator('#group_b summary').first().focus()
    await visit.tab.keyboard.press('Enter')
    await visit.tab.evaluate('document.querySelector("#group_b").isTheSame = true')
    const stuck = sampleGroup('c', { holders: [sampleHolder('x', 90, { stale: true })] })
    const taken = sampleGroup('b', { slots: 2, holders: [sampleHolder('y', 1)] })
    page.show(sampleReport({ groups: [sampleGroup('a'), taken, stuck] }))
    await visit.shows('#group_b', '1 of 2 held')
    expect(
      await visit.tab.evaluate(`[
        [...document.querySelectorAll('.group')].map(({ id, open }) => [id, open]),
        document.activeElement.parentElement.id,
        document.querySelector('#group_b').isTheSame,
      ]`),
    ).to.deep.equal([
      [
        ['group_c', true],
        ['group_a', false],
        ['group_b', true],
      ],
      'group_b',
      true,
    ])
    page.show(sampleReport({ groups: [sampleGroup('d'), taken] }))
    await eventually(async () => {
      expect(
        await visit.tab.evaluate('[...document.querySelectorAll(".group")].map(({ id }) => id)'),
      ).to.deep.equal(['group_d', 'group_b'])
    })
    await visit.end()
  })

  it('keeps all groups when it is updated, whatever their names', async () => {
    const names = ['list', 's', 's-title', 'web']
    page = await serveSamplePage(sampleReport({ groups: names.map((name) => sampleGroup(name)) }))
    const visit = await Visit.start(browser, page.url)
    const taken = sampleGroup('list', { holders: [sampleHolder('x', 1)] })
    const others = names.slice(1).map((name) => sampleGroup(name))
    page.show(sampleReport({ groups: [taken, ...others] }))
    await visit.shows('.group', 'list 1 of 1 held')
    expect(await visit.tab.locator('#group-list > .group h3').allInnerTexts()).to.deep.equal(names)
    await visit.end()
  })

  it('loads itself anew when the daemon has another build of its script', async () => {
    const { url } = (page = await serveSamplePage(SAMPLE_STATES.empty))
    const visit = await Visit.start(browser, url)
    const build = await visit.tab.locator('main').getAttribute('data-build')
    let loads = 0
    await visit.tab.route(url, async (route) => {
      loads += 1
      const response = await route.fetch()
      const text = await response.text()
      const other =
        loads === 1 ? text.replace(`data-build="${build ?? ''}"`, 'data-build="old"') : text
      await route.fulfill({ response, body: other })
    })
    await visit.tab.reload()
    await eventually(() => expect(loads).to.equal(2), { timeoutMs: 15_000 })
    await visit.tab.locator('.live.on').waitFor()
    expect(await visit.tab.locator('main').getAttribute('data-build')).to.equal(build)
    await visit.end()
  })

  it('copies the command that unlocks a stale machine', async () => {
    page = await serveSamplePage(SAMPLE_STATES.stuck)
    const visit = await Visit.start(browser, page.url, {
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    const command = await visit.text('#attention .command code')
    expect(command).to.match(/^airlock unlock [0-9a-f]{32} -g patroni$/)
    await visit.tab.locator('#attention .copy').click()
    await visit.tab.locator('#attention .copy[data-said="Copied"]').waitFor()
    expect(await visit.tab.evaluate('navigator.clipboard.readText()')).to.equal(command)
    await visit.end()
  })

  it('selects the command where there is no clipboard', async () => {
    page = await serveSamplePage(SAMPLE_STATES.stuck)
    const visit = await Visit.start(browser, page.url, { permissions: [] })
    await visit.tab.evaluate('delete Navigator.prototype.clipboard')
    await visit.tab.locator('#attention .copy').click()
    await visit.tab.locator('#attention .copy[data-said="Press Ctrl-C"]').waitFor()
    expect(await visit.tab.evaluate('getSelection().toString()')).to.equal(
      await visit.text('#attention .command code'),
    )
    await visit.end()
  })

  it('shows as text whatever the store has', async () => {
    const text = `"><img src=x onerror=alert(1)><script>alert(2)</script>'`
    const holder = sampleHolder(text, 90, { name: text, by: text, stale: true })
    const pause = { reason: text, since: ago(1), by: text }
    const group = sampleGroup(text, { holders: [holder], paused: pause, problem: null })
    page = await serveSamplePage(sampleReport({ groups: [group], paused: pause }))
    const visit = await Visit.start(browser, page.url)
    expect(await visit.tab.locator('img, body script').count()).to.equal(0)
    expect(await visit.text('.group h3')).to.equal(text)
    expect(await visit.tab.locator('.group .id').first().innerText()).to.equal(text)
    await visit.end()
  })

  describe('of 1,000 groups', () => {
    it('is drawn in under a second, and there soon after', async () => {
      page = await serveSamplePage(largeReport(1000))
      const { text, milliseconds } = await drawQuickly(page.url)
      expect(milliseconds).to.be.below(SECOND_MS)
      expect(text.length).to.be.below(2_000_000)
      const visit = await Visit.start(browser, page.url)
      const loaded = await visit.tab.evaluate<number>(
        'performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd',
      )
      expect(loaded).to.be.below(PATIENCE * SECOND_MS)
      await visit.end()
    })

    it('has first what needs attention, and finds the rest', async () => {
      page = await serveSamplePage(largeReport(1000))
      const visit = await Visit.start(browser, page.url, { viewport: DESK })
      expect(await visit.text('#verdict')).to.equal('4 things to act on, 10 to know of')
      const names = await visit.tab.locator('.group h3').allInnerTexts()
      expect(names.slice(0, 2)).to.deep.equal(['group-0007', 'group-0307'])
      const started = performance.now()
      await visit.tab.locator('#filter input').fill('group-0555')
      await visit.shows('#filter output', '1 shown')
      expect(performance.now() - started).to.be.below(PATIENCE * SECOND_MS)
      expect(await visit.tab.locator('.group:visible').count()).to.equal(1)
      await visit.end()
    })
  })

  it('shows some of 1,000 holders, and the others on a click', async () => {
    page = await serveSamplePage(crowdedReport(1000))
    expect((await drawQuickly(page.url)).milliseconds).to.be.below(SECOND_MS)
    const visit = await Visit.start(browser, page.url, { viewport: PHONE })
    expect(await visit.tab.locator('.holders li:visible').count()).to.equal(12)
    await visit.tab.getByText('988 more').click()
    expect(await visit.tab.locator('.holders li').last().isVisible()).to.equal(true)
    expect(await visit.fitsIn()).to.equal(true)
    await visit.end()
  })
})
