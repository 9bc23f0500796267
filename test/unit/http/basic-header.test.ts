import { expect } from 'chai'
import fc from 'fast-check'
import { parseBasicHeader } from '../../../lib/http/basic-header.js'

const encode = (text: string | Uint8Array): string => Buffer.from(text).toString('base64')

describe('parseBasicHeader', () => {
  it('reads a user and a password', () => {
    // RFC 7617, 2 and 2.1.
    expect(parseBasicHeader('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==')).to.deep.equal({
      user: 'Aladdin',
      password: 'open sesame',
    })
    expect(parseBasicHeader('Basic dGVzdDoxMjPCow==')).to.deep.equal({
      user: 'test',
      password: '123£',
    })
  })

  it('reads any user without a colon, and any password', () => {
    const text = fc.string({ unit: 'grapheme' })
    const user = text.filter((it) => !it.includes(':'))
    fc.assert(
      fc.property(user, text, (user, password) => {
        const header = `bAsIc  ${encode(`${user}:${password}`)} `
        expect(parseBasicHeader(header)).to.deep.equal({ user, password })
      }),
    )
  })

  for (const header of [
    undefined,
    '',
    'Basic',
    'Basic ',
    `Bearer ${encode('a:b')}`,
    `Basic${encode('a:b')}`,
    `Basic ${encode('without a colon')}`,
    `Basic ${encode(Uint8Array.of(0x61, 0x3a, 0xff))}`,
    'Basic YTpi, Basic YTpi',
    'Basic YTpi YTpi',
    'Basic YTpi====',
    'Basic Y-pi',
  ]) {
    it(`reads nothing of ${JSON.stringify(header)}`, () => {
      expect(parseBasicHeader(header)).to.equal(undefined)
    })
  }
})
