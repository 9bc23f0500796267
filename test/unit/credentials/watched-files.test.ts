import { expect } from 'chai'
import type { FileFindings } from '../../../lib/credentials/file-report.js'
import { WatchedFiles, type Reading } from '../../../lib/credentials/watched-files.js'
import { FakeClock } from '../../support/fake-clock.js'

/** Content that begins with "!" is bad. */
function readingOf(content: string): Reading<string> {
  const isBad = content.startsWith('!')
  const report: FileFindings = {
    fingerprint: content,
    problems: isBad ? [{ path: 'a.b', message: content }] : [],
    warnings: [],
  }
  return { value: isBad ? undefined : content, report }
}

function good(content: string): Reading<string> & { value: string } {
  return { ...readingOf(content), value: content }
}

describe('WatchedFiles', () => {
  let clock: FakeClock
  let content: string
  let seen: string[]
  let refuse: (next: string) => string | undefined
  let files: WatchedFiles<string>

  beforeEach(() => {
    clock = new FakeClock()
    content = 'one'
    seen = []
    refuse = () => undefined
    files = new WatchedFiles(() => Promise.resolve(readingOf(content)), good('one'), {
      clock,
      onChange: (value) => seen.push(`change ${value}`),
      onRefused: (problems) => seen.push(...problems.map(({ message }) => `refused ${message}`)),
      refusal: (next) => {
        const message = refuse(next)
        return message === undefined ? undefined : { path: 'a.b', message }
      },
    })
    files.start()
  })
  afterEach(() => {
    files.stop()
    expect(clock.pending).to.equal(0)
  })

  it('says nothing while nothing changes', async () => {
    await clock.advance(60_000)
    expect(seen).to.deep.equal([])
    expect(files.value).to.equal('one')
  })

  it('takes what has changed, within four seconds', async () => {
    content = 'two'
    await clock.advance(4000)
    expect(seen).to.deep.equal(['change two'])
    expect(files.value).to.equal('two')
  })

  it('takes nothing that does not stand for a moment', async () => {
    content = 'half a'
    await clock.advance(3200)
    content = 'whole'
    await clock.advance(1000)
    expect(seen).to.deep.equal([])
    await clock.advance(3000)
    expect(seen).to.deep.equal(['change whole'])
  })

  it('refuses what is bad once, and keeps the old one', async () => {
    content = '!bad'
    await clock.advance(60_000)
    expect(seen).to.deep.equal(['refused !bad'])
    expect(files.value).to.equal('one')
  })

  it('refuses each other bad one again, and the same one after a good one', async () => {
    content = '!bad'
    await clock.advance(10_000)
    content = '!worse'
    await clock.advance(10_000)
    content = 'one'
    await clock.advance(10_000)
    content = '!worse'
    await clock.advance(10_000)
    expect(seen).to.deep.equal(['refused !bad', 'refused !worse', 'refused !worse'])
  })

  it('takes a good one after a bad one', async () => {
    content = '!bad'
    await clock.advance(10_000)
    content = 'two'
    await clock.advance(10_000)
    expect(seen).to.deep.equal(['refused !bad', 'change two'])
  })

  it('refuses what is good but not wanted once, and takes it when it is wanted', async () => {
    refuse = (next) => `not ${next}`
    content = 'two'
    await clock.advance(20_000)
    expect(seen).to.deep.equal(['refused not two'])
    refuse = () => undefined
    await clock.advance(4000)
    expect(seen).to.deep.equal(['refused not two', 'change two'])
  })

  it('watches other files after it was told to', async () => {
    let other = 'other'
    files.replace(() => Promise.resolve(readingOf(other)), good('other'))
    content = 'two'
    await clock.advance(10_000)
    other = 'another'
    await clock.advance(10_000)
    expect(seen).to.deep.equal(['change other', 'change another'])
  })

  it('says nothing when it is told to watch what is the same', () => {
    files.replace(() => Promise.resolve(readingOf(content)), good('one'))
    expect(seen).to.deep.equal([])
  })

  it('does not take a change of files that are not watched any more', async () => {
    content = 'two'
    await clock.advance(3200)
    files.replace(() => Promise.resolve(readingOf('other')), good('other'))
    await clock.advance(10_000)
    expect(seen).to.deep.equal(['change other'])
  })

  it('does nothing after it was stopped, also in the middle of a look', async () => {
    content = 'two'
    await clock.advance(3200)
    files.stop()
    await clock.advance(10_000)
    expect(seen).to.deep.equal([])
  })
})
