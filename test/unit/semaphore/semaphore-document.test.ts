import { expect } from 'chai'
import fc from 'fast-check'
import { compareBytes } from '../../../lib/semaphore/compare-bytes.js'
import { parseSemaphore, printSemaphore } from '../../../lib/semaphore/semaphore-document.js'

describe('the stored semaphore', () => {
  it("is printed byte for byte in coreos/airlock's form", () => {
    const text = printSemaphore({ totalSlots: 2, holders: ['a', 'b'] })
    expect(text).to.equal('{"total_slots":2,"holders":["a","b"]}')
  })

  it("escapes what Go's encoding/json escapes", () => {
    const text = printSemaphore({ totalSlots: 1, holders: ['<a>&\u2028'] })
    expect(text).to.equal('{"total_slots":1,"holders":["\\u003ca\\u003e\\u0026\\u2028"]}')
  })

  it('is printed with an empty list when nobody holds', () => {
    expect(printSemaphore({ totalSlots: 0, holders: [] })).to.equal(
      '{"total_slots":0,"holders":[]}',
    )
  })

  it('reads null as no holders', () => {
    expect(parseSemaphore('{"total_slots":1,"holders":null}')).to.deep.equal({
      semaphore: { totalSlots: 1, holders: [] },
    })
  })

  it('sorts holders that a hand has added', () => {
    expect(parseSemaphore(' {"holders": ["b", "a"], "total_slots": 3}\n')).to.deep.equal({
      semaphore: { totalSlots: 3, holders: ['a', 'b'] },
    })
  })

  const broken: readonly (readonly [text: string, problem: string])[] = [
    ['', 'is not JSON'],
    ['{"total_slots":1,"holders":["a"]', 'is not JSON'],
    ['[]', 'is not a JSON object'],
    ['null', 'is not a JSON object'],
    ['1', 'is not a JSON object'],
    ['{"holders":[]}', 'has no "total_slots" that is a whole number of at least 0'],
    [
      '{"total_slots":-1,"holders":[]}',
      'has no "total_slots" that is a whole number of at least 0',
    ],
    [
      '{"total_slots":1.5,"holders":[]}',
      'has no "total_slots" that is a whole number of at least 0',
    ],
    [
      '{"total_slots":"1","holders":[]}',
      'has no "total_slots" that is a whole number of at least 0',
    ],
    [
      '{"total_slots":1e400,"holders":[]}',
      'has no "total_slots" that is a whole number of at least 0',
    ],
    ['{"total_slots":1}', 'has no "holders"'],
    ['{"total_slots":1,"holders":{}}', 'has "holders" that are not a list of node ids'],
    ['{"total_slots":1,"holders":[1]}', 'has "holders" that are not a list of node ids'],
    ['{"total_slots":1,"holders":[""]}', 'has "holders" that are not a list of node ids'],
    ['{"total_slots":2,"holders":["a","b","a"]}', 'lists the holder "a" twice'],
    ['{"total_slots":2,"holders":[],"note":1}', 'has an unknown field "note"'],
    ['{"total_slots":2,"holders":[],"__proto__":1}', 'has an unknown field "__proto__"'],
  ]
  for (const [text, problem] of broken) {
    it(`is refused when it ${problem}: ${text}`, () => {
      expect(parseSemaphore(text)).to.deep.equal({ problem })
    })
  }

  it('is the same after printing and parsing', () => {
    const id = fc.string({ unit: 'grapheme', minLength: 1 })
    fc.assert(
      fc.property(fc.nat(), fc.uniqueArray(id), (totalSlots, list) => {
        const semaphore = { totalSlots, holders: list.toSorted(compareBytes) }
        expect(parseSemaphore(printSemaphore(semaphore))).to.deep.equal({ semaphore })
      }),
    )
  })

  it('never throws, whatever is stored', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseSemaphore(text)))
  })
})
