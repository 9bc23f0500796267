import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { expect } from 'chai'
import {
  HEARTBEAT_MS,
  LISTENING_MS,
  MAX_LISTENERS,
  MAX_LISTENER_BACKLOG,
} from '../../../../lib/status/page/bounds.js'
import { LivePage } from '../../../../lib/status/page/live-page.js'
import type { StatusReport } from '../../../../lib/status/status-report.js'
import { FakeClock } from '../../../support/fake-clock.js'
import {
  SAMPLE_NOW,
  sampleGroup,
  sampleHolder,
  sampleReport,
} from '../../../support/sample-reports.js'

interface Update {
  readonly groups?: readonly string[]
  readonly html: readonly string[]
}

/** What a LivePage needs of an answer. */
class FakeResponse extends EventEmitter {
  written: string[] = []
  writableLength = 0
  isEnded = false
  isDestroyed = false

  writeHead(): this {
    return this
  }
  write(text: string): boolean {
    this.written.push(text)
    return true
  }
  end(): this {
    this.isEnded = true
    this.emit('close')
    return this
  }
  destroy(): this {
    this.isDestroyed = true
    this.emit('close')
    return this
  }

  get asResponse(): ServerResponse {
    return this as unknown as ServerResponse
  }

  /** What each update changed, by the ids of its elements. */
  get updates(): readonly (readonly string[])[] {
    return this.messages.map(({ html }) =>
      html.map((markup) => /id="([^"]*)"/.exec(markup)?.[1] ?? ''),
    )
  }

  get messages(): readonly Update[] {
    return this.written.flatMap((text) => {
      const data = /^data: (.*)$/m.exec(text)?.[1]
      return data === undefined ? [] : [JSON.parse(data) as Update]
    })
  }

  get lastId(): string {
    return this.written.map((text) => /^id: (.*)$/m.exec(text)?.[1] ?? '').findLast(Boolean) ?? ''
  }
}

const quiet = sampleReport({ groups: ['a', 'b', 'c'].map((name) => sampleGroup(name)) })
const held = sampleReport({
  groups: [
    sampleGroup('a'),
    sampleGroup('b', { holders: [sampleHolder('x', 1)] }),
    sampleGroup('c'),
  ],
})

describe('the live page', () => {
  let clock: FakeClock
  let shown: StatusReport
  let watchers: Set<() => void>
  let page: LivePage

  beforeEach(() => {
    clock = new FakeClock(SAMPLE_NOW)
    shown = quiet
    watchers = new Set()
    const source = {
      read: () => Promise.resolve(shown),
      watch: (onChange: () => void) => {
        watchers.add(onChange)
        return () => watchers.delete(onChange)
      },
    }
    page = new LivePage(source, clock, 'build')
  })

  async function become(report: StatusReport): Promise<void> {
    shown = report
    for (const onChange of watchers) onChange()
    await clock.advance(0)
  }

  /** Draws the page, and what an update has to follow. */
  async function draw(): Promise<string> {
    return /data-since="([^"]*)"/.exec(await page.draw())?.[1] ?? ''
  }

  async function listen(since: string): Promise<FakeResponse> {
    const response = new FakeResponse()
    expect(page.listen(response.asResponse, since)).to.equal(true)
    await clock.advance(0)
    return response
  }

  it('sends what has changed, and nothing else', async () => {
    const response = await listen(await draw())
    await become(held)
    await become(held)
    await become(quiet)
    expect(response.updates).to.deep.equal([[], ['attention', 'group_b'], ['attention', 'group_b']])
  })

  it('sends to who comes late what has changed since', async () => {
    const since = await draw()
    await become(held)
    await draw()
    expect((await listen(since)).updates).to.deep.equal([['attention', 'group_b']])
  })

  it('sends to who comes back what has changed meanwhile', async () => {
    const first = await listen(await draw())
    await become(held)
    first.end()
    shown = quiet
    const second = await listen(first.lastId)
    expect(second.updates).to.deep.equal([[], ['attention', 'group_b']])
  })

  it('sends everything to who comes from another replica, or makes something up', async () => {
    await draw()
    for (const since of ['0123456789ab.7', '', 'x', `${'9'.repeat(40)}.1`]) {
      const { updates } = await listen(since)
      expect(updates).to.deep.equal([['attention', 'group_a', 'group_b', 'group_c', 'store']])
    }
  })

  it('sends to all who listen what somebody else has had drawn meanwhile', async () => {
    const response = await listen(await draw())
    shown = held
    await draw()
    await become(held)
    expect(response.updates).to.deep.equal([[], ['attention', 'group_b']])
  })

  it('says which groups there are, in their order, when that has changed', async () => {
    const response = await listen(await draw())
    const stuck = sampleGroup('c', { holders: [sampleHolder('x', 90, { stale: true })] })
    await become(sampleReport({ groups: [sampleGroup('b'), stuck] }))
    expect(response.messages.at(-1)?.groups).to.deep.equal(['group_c', 'group_b'])
    await become(sampleReport({ groups: [sampleGroup('b', { slots: 2 }), stuck] }))
    expect(response.messages.at(-1)?.groups).to.equal(undefined)
  })

  it('does not send what the browser counts on by itself', async () => {
    const older = (seconds: number): StatusReport =>
      sampleReport({
        groups: [
          sampleGroup('a', { holders: [sampleHolder('x', 1, { held_seconds: 60 + seconds })] }),
        ],
        at: new Date(SAMPLE_NOW + seconds * 1000).toISOString(),
      })
    shown = older(0)
    const response = await listen(await draw())
    await become(older(1))
    expect(response.updates).to.deep.equal([[]])
  })

  it('shows that it is alive, and looks again, now and then', async () => {
    const response = await listen(await draw())
    shown = held
    await clock.advance(HEARTBEAT_MS)
    expect(response.written.filter((text) => text === 'event: beat\ndata:\n\n')).to.have.length(1)
    expect(response.updates.at(-1)).to.deep.equal(['attention', 'group_b'])
  })

  it('watches while somebody listens, and leaves no timer behind', async () => {
    const since = await draw()
    expect([watchers.size, clock.pending]).to.deep.equal([0, 0])
    const [one, other] = [await listen(since), await listen(since)]
    expect(watchers.size).to.equal(1)
    one.end()
    expect(watchers.size).to.equal(1)
    other.end()
    expect([watchers.size, clock.pending]).to.deep.equal([0, 0])
  })

  it('lets one listen for a while, then again', async () => {
    const response = await listen(await draw())
    await clock.advance(LISTENING_MS)
    expect(response.isEnded).to.equal(true)
    expect([watchers.size, clock.pending]).to.deep.equal([0, 0])
  })

  it('lets so many listen and no more', async () => {
    const since = await draw()
    for (let number = 0; number < MAX_LISTENERS; number += 1) await listen(since)
    expect(page.listen(new FakeResponse().asResponse, since)).to.equal(false)
  })

  it('cuts off who cannot follow', async () => {
    const response = await listen(await draw())
    response.writableLength = MAX_LISTENER_BACKLOG + 1
    await become(held)
    expect([response.isDestroyed, watchers.size]).to.deep.equal([true, 0])
  })

  it('ends all who listen when it is closed, and lets nobody listen after', async () => {
    const since = await draw()
    const response = await listen(since)
    page.close()
    expect([response.isEnded, watchers.size, clock.pending]).to.deep.equal([true, 0, 0])
    expect(page.listen(new FakeResponse().asResponse, since)).to.equal(false)
  })
})
