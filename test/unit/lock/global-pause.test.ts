import { expect } from 'chai'
import { GroupEditor } from '../../../lib/lock/group-editor.js'
import {
  ALL_GROUPS,
  EVENT_RING_SIZE,
  eventsPrefix,
  GLOBAL_PAUSE_CHANGES_KEY,
  GLOBAL_PAUSE_KEY,
} from '../../../lib/lock/keys.js'
import { readEvents } from '../../../lib/lock/read-events.js'
import { FakeClock } from '../../support/fake-clock.js'
import { MemoryStore } from '../../support/memory-store.js'

function createEditor() {
  const store = new MemoryStore()
  const clock = new FakeClock()
  const editor = new GroupEditor({ store, clock, timeoutMs: 1000, by: 'eve@desk' })
  /** What the ring of all groups tells, oldest first. */
  const told = async (): Promise<readonly string[]> => {
    const events = await readEvents(store, [ALL_GROUPS], 1000)
    return events.flatMap(({ changes }) =>
      changes.map((change) => ('reason' in change ? change.reason : change.type)),
    )
  }
  return { store, clock, editor, told }
}

describe('GroupEditor', () => {
  it('keeps the last 128 changes that concerned all groups, whatever else is written', async () => {
    const { store, editor, told } = createEditor()
    const reasons = Array.from({ length: EVENT_RING_SIZE + 10 }, (_, index) => `r${index}`)
    for (const reason of reasons) {
      await editor.pauseAll(reason)
      // As many as have the next record in the place of this one, if revisions number them.
      for (let other = 1; other < EVENT_RING_SIZE; other++) store.put('other', '')
    }
    expect(await told()).to.deep.equal(reasons.slice(-EVENT_RING_SIZE))
  })

  it('leaves no pause of all groups behind but its two records and their number', async () => {
    const { store, editor } = createEditor()
    await editor.pauseAll('incident 7')
    await editor.resumeAll()
    expect(store.get(GLOBAL_PAUSE_KEY)).to.equal(undefined)
    expect(store.get(GLOBAL_PAUSE_CHANGES_KEY)).to.equal('2')
    expect(store.below(eventsPrefix(ALL_GROUPS))).to.have.length(2)
  })

  it('overwrites no record of another, whose pause has ended meanwhile', async () => {
    const { store, clock, editor, told } = createEditor()
    const other = new GroupEditor({ store, clock, timeoutMs: 1000, by: 'bob@desk' })
    store.onCommit = async () => {
      store.onCommit = undefined
      await other.pauseAll('short')
      await other.resumeAll()
    }
    const paused = editor.pauseAll('long')
    await clock.advance(1000)
    await paused
    expect(await told()).to.deep.equal(['short', 'resumed', 'long'])
  })

  it('numbers the changes of a group by the version of its semaphore', async () => {
    const { store, editor } = createEditor()
    await editor.setSlots('g', 1)
    await editor.pause('g', 'r')
    await editor.resume('g')
    expect(store.get(`${eventsPrefix('g')}3`)).to.include('resumed')
  })
})
