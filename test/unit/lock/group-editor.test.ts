import { expect } from 'chai'
import { EditError } from '../../../lib/lock/edit-until-done.js'
import { GroupEditor } from '../../../lib/lock/group-editor.js'
import {
  ALL_GROUPS,
  eventsPrefix,
  GLOBAL_PAUSE_KEY,
  pauseKey,
  semaphoreKey,
} from '../../../lib/lock/keys.js'
import { StoreError } from '../../../lib/store/store-error.js'
import { FakeClock } from '../../support/fake-clock.js'
import { MemoryStore } from '../../support/memory-store.js'

const KEY = semaphoreKey('g')

describe('GroupEditor', () => {
  let clock: FakeClock
  let store: MemoryStore
  let editor: GroupEditor

  beforeEach(() => {
    clock = new FakeClock(Date.UTC(2026, 0, 5))
    store = new MemoryStore()
    editor = new GroupEditor({ store, clock, timeoutMs: 3000, by: 'me@here' })
  })

  /** Runs what is due until the edit has ended. */
  async function settled<T>(edit: Promise<T>): Promise<T> {
    let isSettled = false as boolean
    const mark = (): void => {
      isSettled = true
    }
    edit.then(mark, mark)
    for (let round = 0; round < 200; round++) {
      await clock.advance(0)
      if (isSettled) return edit
      await clock.advance(20)
    }
    throw new Error('not settled within 4 s')
  }

  /** The message for the operator of an edit that must fail. */
  async function failureOf(edit: Promise<unknown>): Promise<string> {
    const error = await settled(edit).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).to.be.instanceOf(EditError)
    return (error as EditError).message
  }

  /** Lets somebody else write between an edit's read and its commit, once. */
  function meanwhile(write: () => unknown): void {
    store.onCommit = async () => {
      store.onCommit = undefined
      await write()
    }
  }

  const recorded = (group: string): readonly unknown[] =>
    store
      .below(eventsPrefix(group))
      .map((text) => (JSON.parse(text) as { changes: unknown }).changes)

  describe('when others write meanwhile', () => {
    it('loses no grant', async () => {
      store.put(KEY, '{"total_slots":1,"holders":[]}')
      meanwhile(() => store.put(KEY, '{"total_slots":1,"holders":["b"]}'))
      expect(await settled(editor.setSlots('g', 3))).to.equal(1)
      expect(store.get(KEY)).to.equal('{"total_slots":3,"holders":["b"]}')
    })

    it('takes no slot back from who was released', async () => {
      store.put(KEY, '{"total_slots":2,"holders":["a"]}')
      meanwhile(() => store.put(KEY, '{"total_slots":2,"holders":["b"]}'))
      await settled(editor.unlockAll('g', 0))
      expect(store.get(KEY)).to.equal('{"total_slots":2,"holders":[]}')
    })

    it('gives up in time, and says why', async () => {
      let turn = 0
      store.onCommit = () => {
        turn += 1
        store.put(KEY, `{"total_slots":9,"holders":["x${turn}"]}`)
      }
      expect(await failureOf(editor.setSlots('g', 3))).to.equal(
        'other writers were faster every time',
      )
    })

    // Nobody has asked for a slot there yet: there is no semaphore that could be compared in its place.
    it('leaves the same pause as it is, of a group without a semaphore', async () => {
      const earlier = '{"reason":"r","since":"2026-01-04T23:59:59.000Z","by":"me@here"}'
      meanwhile(() => store.put(pauseKey('g'), earlier))
      await settled(editor.pause('g', 'r'))
      expect(store.get(pauseKey('g'))).to.equal(earlier)
      expect(recorded('g')).to.deep.equal([])
    })

    it('puts no end of a pause on record that somebody else has ended, in a group without a semaphore', async () => {
      await settled(editor.pause('g', 'r'))
      const other = new GroupEditor({ store, clock, timeoutMs: 3000, by: 'other@here' })
      meanwhile(() => other.resume('g'))
      expect(await settled(editor.resume('g'))).to.equal(true)
      expect(store.get(pauseKey('g'))).to.equal(undefined)
      expect(store.below(eventsPrefix('g')).at(-1)).to.include('"by":"other@here"')
    })

    it('leaves the same pause of all groups as it is', async () => {
      const earlier = '{"reason":"r","since":"2026-01-04T23:59:59.000Z","by":"me@here"}'
      meanwhile(() => store.put(GLOBAL_PAUSE_KEY, earlier))
      await settled(editor.pauseAll('r'))
      expect(store.get(GLOBAL_PAUSE_KEY)).to.equal(earlier)
      expect(recorded(ALL_GROUPS)).to.deep.equal([])
    })
  })

  describe('after an attempt that ended unknown', () => {
    const unavailable = new StoreError('unavailable', 'nothing listens at etcd:2379')

    beforeEach(() => store.put(KEY, '{"total_slots":1,"holders":["a"]}'))

    /** The first commit times out, done or not; `then` is what comes after it. */
    function timeOutOnce(isDone: boolean, then: () => void = () => undefined): void {
      store.onCommit = (apply) => {
        store.onCommit = undefined
        if (isDone) apply()
        then()
        throw new StoreError('unknown', 'etcd did not answer in time')
      }
    }

    it('finds itself done', async () => {
      timeOutOnce(true)
      expect(await settled(editor.unlockAll('g', 0))).to.deep.equal(['a'])
      expect(recorded('g')).to.deep.equal([[{ type: 'released', id: 'a' }]])
    })

    it('does it again where it has not happened', async () => {
      timeOutOnce(false)
      expect(await settled(editor.unlockAll('g', 0))).to.deep.equal(['a'])
      expect(store.get(KEY)).to.equal('{"total_slots":1,"holders":[]}')
    })

    it('says that it may have happened, where the store cannot be read any more', async () => {
      timeOutOnce(true, () => {
        store.onRead = () => Promise.reject(unavailable)
      })
      expect(await failureOf(editor.unlockAll('g', 0))).to.equal(
        'nothing listens at etcd:2379; the change may or may not have happened',
      )
      expect(store.get(KEY)).to.equal('{"total_slots":1,"holders":[]}')
    })

    it('says that it may have happened, where nothing more can be written', async () => {
      timeOutOnce(false, () => {
        store.onCommit = () => Promise.reject(unavailable)
      })
      expect(await failureOf(editor.setSlots('g', 2))).to.equal(
        'nothing listens at etcd:2379; the change may or may not have happened',
      )
    })

    it('says that it may have happened, where the document is broken by then', async () => {
      timeOutOnce(true, () => store.put(KEY, 'nonsense'))
      expect(await failureOf(editor.setSlots('g', 2))).to.equal(
        `${KEY} is not JSON; it is left as it is; the change may or may not have happened`,
      )
    })

    it('says that it may have happened, where others are faster from then on', async () => {
      let turn = 0
      timeOutOnce(false, () => {
        store.onCommit = () => {
          turn += 1
          store.put(KEY, `{"total_slots":9,"holders":["x${turn}"]}`)
        }
      })
      expect(await failureOf(editor.setSlots('g', 2))).to.equal(
        'etcd did not answer in time; the change may or may not have happened',
      )
    })

    it('says so once, however many attempts end unknown', async () => {
      store.onCommit = () => Promise.reject(new StoreError('unknown', 'etcd did not answer'))
      expect(await failureOf(editor.setSlots('g', 2))).to.equal(
        'etcd did not answer; the change may or may not have happened',
      )
    })
  })

  it('says nothing of the kind where surely nothing has happened', async () => {
    store.onRead = () => Promise.reject(new StoreError('unavailable', 'nothing listens'))
    expect(await failureOf(editor.setSlots('g', 2))).to.equal('nothing listens')
  })
})
