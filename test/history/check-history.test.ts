import { expect } from 'chai'
import fc from 'fast-check'
import { checkHistory } from './check-history.js'
import type { Answer, History, Operation, SemaphoreRevision } from './history.js'
import { randomOf, simulateHistory, type Simulation } from './simulate-history.js'

const GROUP = 'g'

/** `lock('a', 10, 20, 'acquired')`: asked at 10, answered at 20. */
const operationOf =
  (operation: 'lock' | 'unlock') =>
  (id: string, start: number, end: number, answer: Answer, abandonedAt?: number): Operation => ({
    group: GROUP,
    id,
    operation,
    start,
    end,
    answer,
    ...(abandonedAt === undefined ? {} : { abandonedAt }),
  })
const lock = operationOf('lock')
const unlock = operationOf('unlock')

/** Holders of each revision from 1 on, after the empty one at which the history begins. */
function history(
  operations: readonly Operation[],
  holders: readonly (readonly string[])[],
  { totalSlots = 1, sightings = [] as History['sightings'] & object } = {},
): History {
  const revisions: SemaphoreRevision[] = [
    { revision: 0, totalSlots, holders: [] },
    ...holders.map((names, index) => ({ revision: index + 1, totalSlots, holders: names })),
  ]
  return { operations, revisions: new Map([[GROUP, revisions]]), sightings }
}

function expectAccepted(candidate: History): void {
  expect(checkHistory(candidate)).to.deep.equal([])
}

function expectRejected(candidate: History, kind: string, ...words: readonly string[]): void {
  const violations = checkHistory(candidate)
  expect(violations.map((violation) => violation.kind)).to.include(kind)
  const messages = violations.map(({ message }) => message).join('\n')
  for (const word of words) expect(messages).to.include(word)
}

describe('checkHistory', () => {
  describe('accepts', () => {
    it('a machine that locks, locks again, unlocks, and unlocks again', () => {
      const operations = [
        unlock('a', 0, 1, 'released'),
        lock('a', 2, 3, 'acquired'),
        lock('a', 4, 5, 'acquired'),
        unlock('a', 6, 7, 'released'),
        unlock('a', 8, 9, 'released'),
      ]
      expectAccepted(history(operations, [['a'], []]))
    })

    it('a refusal while another machine holds the slot', () => {
      const operations = [
        lock('a', 0, 1, 'acquired'),
        lock('b', 2, 3, 'refused'),
        unlock('a', 4, 5, 'released'),
        lock('b', 6, 7, 'acquired'),
      ]
      expectAccepted(history(operations, [['a'], [], ['b']]))
    })

    it('a batch that gives one machine the slot of another in one revision', () => {
      const operations = [
        lock('a', 0, 1, 'acquired'),
        unlock('a', 2, 5, 'released'),
        lock('b', 3, 5, 'acquired'),
        lock('c', 3, 5, 'refused'),
      ]
      expectAccepted(history(operations, [['a'], ['b']]))
    })

    it('overlapping operations in an order other than that of their starts', () => {
      const operations = [
        lock('a', 0, 9, 'refused'),
        lock('b', 1, 8, 'acquired'),
        unlock('b', 9, 10, 'released'),
      ]
      expectAccepted(history(operations, [['b'], []]))
    })

    it('an unknown lock that never happened', () => {
      const operations = [lock('a', 0, 1, 'unknown'), lock('b', 2, 3, 'acquired')]
      expectAccepted(history(operations, [['b']]))
    })

    it('an unknown lock that happened late, before the fence', () => {
      const operations = [
        lock('a', 0, 1, 'unknown'),
        lock('b', 2, 3, 'acquired'),
        unlock('b', 4, 5, 'released'),
      ]
      const late = history(
        [...operations.slice(0, 1), unlock('a', 10, 11, 'released')],
        [['a'], []],
        { sightings: [{ group: GROUP, revision: 0, start: 5, end: 6 }] },
      )
      expectAccepted(late)
      expectAccepted(history(operations, [['b'], []]))
    })

    it('an unknown unlock that happened while the machine did nothing', () => {
      const operations = [
        lock('a', 0, 1, 'acquired'),
        unlock('a', 2, 3, 'unknown'),
        lock('b', 10, 11, 'acquired'),
      ]
      expectAccepted(history(operations, [['a'], [], ['b']]))
    })

    it('an unknown lock of which nobody knows when it was abandoned', () => {
      const operations = [
        lock('a', 0, 1, 'unknown', Infinity),
        lock('b', 2, 3, 'acquired'),
        unlock('b', 4, 5, 'released'),
      ]
      expectAccepted(history(operations, [['b'], [], ['a']]))
    })

    it('documents written unchanged, and more holders than slots after the slots were lowered', () => {
      const revisions = [
        { revision: 5, totalSlots: 2, holders: ['a', 'b'] },
        { revision: 6, totalSlots: 2, holders: ['a', 'b'] },
        { revision: 9, totalSlots: 1, holders: ['a', 'b'] },
        { revision: 10, totalSlots: 1, holders: ['b'] },
      ]
      const operations = [unlock('a', 0, 1, 'released'), lock('c', 2, 3, 'refused')]
      expectAccepted({ operations, revisions: new Map([[GROUP, revisions]]) })
    })

    it('anything for an answer that says that nothing was done', () => {
      expectAccepted(history([lock('a', 0, 1, 'declined')], []))
    })
  })

  describe('rejects a grant beyond the slots', () => {
    it('that two machines were told', () => {
      const operations = [lock('a', 0, 1, 'acquired'), lock('b', 2, 3, 'acquired')]
      const forged = history(operations, [['a'], ['a', 'b']])
      expectRejected(forged, 'grant-beyond-slots', 'revision 2', 'lock of b in g (2.0 to 3.0)')
    })

    it('that nobody was told', () => {
      const operations = [lock('a', 0, 1, 'acquired'), lock('b', 2, 3, 'unknown')]
      const forged = history(operations, [['a'], ['a', 'b']])
      expectRejected(forged, 'grant-beyond-slots', 'lock of b in g (2.0 to 3.0)')
    })

    it('in one revision with a release', () => {
      const operations = [
        lock('a', 0, 1, 'acquired'),
        unlock('a', 2, 4, 'released'),
        lock('b', 2, 4, 'acquired'),
        lock('c', 2, 4, 'acquired'),
      ]
      expectRejected(history(operations, [['a'], ['b', 'c']]), 'grant-beyond-slots', 'b, c')
    })
  })

  describe('rejects a holder lost without its release', () => {
    it('that was told 200 and never came into the store', () => {
      const forged = history([lock('a', 0, 1, 'acquired')], [])
      expectRejected(forged, 'holder-lost', 'lock of a in g (0.0 to 1.0), answered acquired')
    })

    it('that disappears without any unlock', () => {
      const operations = [lock('a', 0, 1, 'acquired'), lock('b', 4, 5, 'acquired')]
      expectRejected(
        history(operations, [['a'], ['b']]),
        'holder-lost',
        'takes a out',
        'revision 2',
      )
    })

    it('that disappears before its unlock begins', () => {
      const operations = [
        lock('a', 0, 1, 'acquired'),
        lock('b', 4, 5, 'acquired'),
        unlock('a', 6, 7, 'released'),
      ]
      expectRejected(
        history(operations, [['a'], ['b']]),
        'holder-lost',
        'takes a out',
        'unlock of a in g (6.0 to 7.0)',
      )
    })

    it('to an unknown unlock that was fenced before', () => {
      const operations = [
        lock('a', 0, 1, 'acquired'),
        unlock('a', 2, 3, 'unknown'),
        lock('a', 4, 5, 'acquired'),
      ]
      // Revision 2 is the fence, and was seen after the unknown answer.
      const sightings = [
        { group: GROUP, revision: 1, start: 3.5, end: 3.6 },
        { group: GROUP, revision: 2, start: 6, end: 7 },
      ]
      const forged = history(operations, [['a'], ['a'], []], { sightings })
      expectRejected(forged, 'holder-lost', 'takes a out', 'revision 3')
      expectAccepted(history(operations.slice(0, 2), [['a'], []], { sightings }))
    })

    it('to one unknown unlock that takes it out twice', () => {
      const operations = [
        lock('a', 0, 1, 'acquired'),
        unlock('a', 2, 20, 'unknown'),
        lock('a', 21, 22, 'acquired'),
      ]
      expectRejected(history(operations, [['a'], [], ['a'], []]), 'holder-lost', 'takes a out')
    })
  })

  describe('rejects a release that was confirmed but did not happen', () => {
    it('when the machine stays a holder', () => {
      const operations = [lock('a', 0, 1, 'acquired'), unlock('a', 2, 3, 'released')]
      const forged = history(operations, [['a']])
      expectRejected(forged, 'release-not-done', 'unlock of a in g (2.0 to 3.0)')
    })

    it('when the machine stays a holder until it unlocks again', () => {
      const operations = [
        lock('a', 0, 1, 'acquired'),
        unlock('a', 2, 3, 'released'),
        lock('b', 4, 5, 'refused'),
        unlock('a', 6, 7, 'released'),
      ]
      const forged = history(operations, [['a'], []])
      expectRejected(forged, 'unexplained-answer', 'lock of b in g (4.0 to 5.0)')
    })

    it('when it is a holder again without a lock', () => {
      const operations = [lock('a', 0, 1, 'acquired'), unlock('a', 2, 3, 'released')]
      const forged = history(operations, [['a'], [], ['a']])
      expectRejected(forged, 'grant-not-asked-for', 'makes a a holder', 'revision 3')
    })
  })

  describe('rejects an answer that no order explains', () => {
    it('a refusal while a slot is free', () => {
      const forged = history([lock('a', 0, 1, 'refused')], [])
      expectRejected(forged, 'unexplained-answer', 'lock of a in g (0.0 to 1.0), answered refused')
    })

    it('a refusal to a holder', () => {
      const operations = [lock('a', 0, 1, 'acquired'), lock('a', 2, 3, 'refused')]
      expectRejected(history(operations, [['a']]), 'unexplained-answer', 'lock of a in g (2.0')
    })

    it('a refusal from a state that had passed before', () => {
      const operations = [
        lock('a', 0, 1, 'acquired'),
        unlock('a', 2, 3, 'released'),
        lock('b', 4, 5, 'refused'),
      ]
      expectRejected(history(operations, [['a'], []]), 'unexplained-answer', 'lock of b in g (4.0')
    })

    it('an acquired slot that was released to somebody else before', () => {
      const operations = [
        lock('a', 0, 1, 'acquired'),
        unlock('a', 2, 3, 'unknown'),
        lock('b', 4, 5, 'acquired'),
        lock('a', 6, 7, 'acquired'),
      ]
      expectRejected(history(operations, [['a'], ['b']]), 'holder-lost', 'lock of a in g (6.0')
    })

    it('a read of an older revision than was seen before', () => {
      const operations = [lock('a', 0, 1, 'acquired')]
      const sightings = [
        { group: GROUP, revision: 1, start: 2, end: 3 },
        { group: GROUP, revision: 0, start: 4, end: 5 },
      ]
      expectRejected(
        history(operations, [['a']], { sightings }),
        'unexplained-answer',
        '4.0 to 5.0',
      )
    })

    it('holders that are not sorted, or twice in the list', () => {
      const operations = [lock('a', 0, 5, 'acquired'), lock('b', 0, 5, 'acquired')]
      for (const holders of [
        ['b', 'a'],
        ['a', 'a'],
      ]) {
        const forged = history(operations, [holders], { totalSlots: 2 })
        expectRejected(forged, 'malformed-revision', 'revision 1')
      }
    })
  })

  it('does not judge a machine that does not wait for its answers', () => {
    const operations = [lock('a', 0, 5, 'acquired'), unlock('a', 4, 6, 'released')]
    expect(() => checkHistory(history(operations, [['a'], []]))).to.throw('overlap')
  })

  describe('on random histories', () => {
    const check = (property: (simulation: Simulation, random: () => number) => void): void => {
      fc.assert(
        fc.property(fc.nat(), (seed) => property(simulateHistory(seed), randomOf(seed ^ 0x5eed))),
        { numRuns: 150 },
      )
    }

    it('accepts every correct one', () => {
      check(({ history: correct }) => expectAccepted(correct))
    })

    it('rejects it once a holder is dropped from one revision', () => {
      check((simulation, random) => {
        const forged = forge(simulation, random, (id, holders, before) =>
          holders.includes(id) && before.includes(id)
            ? holders.filter((other) => other !== id)
            : undefined,
        )
        if (forged !== undefined) expect(checkHistory(forged)).to.not.deep.equal([])
      })
    })

    it('rejects it once a holder is added to one revision', () => {
      check((simulation, random) => {
        const forged = forge(simulation, random, (id, holders, before) =>
          holders.includes(id) || before.includes(id) ? undefined : [...holders, id].sort(),
        )
        if (forged !== undefined) expect(checkHistory(forged)).to.not.deep.equal([])
      })
    })

    it('rejects it once a confirmed release has not happened', () => {
      check(({ history: correct, group, plainIds }, random) => {
        const revisions = correct.revisions.get(group) ?? []
        const releases = revisions.flatMap(({ holders }, index) =>
          (revisions[index - 1]?.holders ?? [])
            .filter((id) => plainIds.includes(id) && !holders.includes(id))
            .map((id) => ({ id, index })),
        )
        const release = pick(releases, random)
        if (release === undefined) return
        const { id, index } = release
        const forged = revisions.map((revision, at) =>
          at < index
            ? revision
            : {
                ...revision,
                totalSlots: 99,
                holders: [...new Set([...revision.holders, id])].sort(),
              },
        )
        const violations = checkHistory({ ...correct, revisions: new Map([[group, forged]]) })
        expect(violations).to.not.deep.equal([])
      })
    })

    it('rejects it once an acquired slot is told to a machine that never had one', () => {
      check(({ history: correct, group }) => {
        const [start, end] = [300, 310]
        const told = {
          group,
          id: 'stranger',
          operation: 'lock',
          start,
          end,
          answer: 'acquired',
        } as const
        const violations = checkHistory({ ...correct, operations: [...correct.operations, told] })
        expect(violations.map(({ kind }) => kind)).to.deep.equal(['holder-lost'])
      })
    })
  })
})

/** Changes the holders of one random revision for one machine whose answers are all known. */
function forge(
  { history: correct, group, plainIds }: Simulation,
  random: () => number,
  change: (
    id: string,
    holders: readonly string[],
    before: readonly string[],
  ) => string[] | undefined,
): History | undefined {
  const revisions = correct.revisions.get(group) ?? []
  const candidates = revisions.flatMap((revision, index) =>
    plainIds.flatMap((id) => {
      const before = revisions[index - 1]
      const after = revisions[index + 1]
      if (before === undefined || after === undefined) return []
      // The change must be undone in the next revision, or it could be the true one, only earlier.
      const isSameAfter = revision.holders.includes(id) === after.holders.includes(id)
      const holders = isSameAfter ? change(id, revision.holders, before.holders) : undefined
      return holders === undefined ? [] : [{ index, holders }]
    }),
  )
  const chosen = pick(candidates, random)
  if (chosen === undefined) return undefined
  const forged = revisions.map((revision, index) =>
    index === chosen.index ? { ...revision, holders: chosen.holders } : revision,
  )
  return { ...correct, revisions: new Map([[group, forged]]) }
}

function pick<T>(values: readonly T[], random: () => number): T | undefined {
  return values[Math.floor(random() * values.length)]
}
