import { expect } from 'chai'
import fc from 'fast-check'
import {
  configuredSlotsKey,
  eventKey,
  holderKey,
  parseGroupsKey,
  queryEscape,
  queryUnescape,
  semaphoreKey,
} from '../../../lib/lock/keys.js'

describe('the keys', () => {
  it("are coreos/airlock's", () => {
    expect(semaphoreKey('default')).to.equal('com.coreos.airlock/groups/default/v1/semaphore')
  })

  it('keep a record of each holder, and a ring of events', () => {
    expect(holderKey('g', "a b/'")).to.equal('com.coreos.airlock/holders/g/v1/a+b%2F%27')
    expect(eventKey('g', 130)).to.equal('com.coreos.airlock/events/g/v1/2')
  })

  it("escape as Go's url.QueryEscape", () => {
    expect(queryEscape("a b+c&d/é~-_.!*'()")).to.equal('a+b%2Bc%26d%2F%C3%A9~-_.%21%2A%27%28%29')
  })

  it('are read back', () => {
    expect(parseGroupsKey(configuredSlotsKey('a.b'))).to.deep.equal({
      group: 'a.b',
      part: 'configured-slots',
    })
    expect(parseGroupsKey('com.coreos.airlock/holders/g/v1/a')).to.equal(undefined)
    expect(parseGroupsKey('com.coreos.airlock/groups/%zz/v1/semaphore')).to.equal(undefined)
  })

  it('unescape what they escape', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(queryUnescape(queryEscape(text))).to.equal(text)
      }),
    )
  })
})
