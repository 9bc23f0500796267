import { expect } from 'chai'
import { printable, printableId } from '../../../lib/terminal/printable.js'

describe('printable', () => {
  it('makes one line of a text, without what drives a terminal', () => {
    expect(printable('one\r\n\u001b[2Jtwo\u202ethree\u2028four')).to.equal('one [2Jtwo three four')
  })

  it('cuts a text of any length, and no character in two', () => {
    expect(printable('x'.repeat(1001))).to.equal(`${'x'.repeat(1000)}…`)
    expect(printable(`${'x'.repeat(999)}\u{1f600}`)).to.equal(`${'x'.repeat(999)}…`)
  })
})

describe('printableId', () => {
  it('leaves alone what can be printed', () => {
    for (const id of ['2204af7f41984cb19b8cde4edc06c142', 'a b', "it's", 'datenbänke']) {
      expect(printableId(id)).to.equal(id)
    }
  })

  it('writes what cannot as a shell reads it', () => {
    expect(printableId('a\nb')).to.equal(String.raw`$'a\x0ab'`)
    expect(printableId('a\u202eb')).to.equal(String.raw`$'a\xe2\x80\xaeb'`)
  })
})
