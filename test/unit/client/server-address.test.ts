import { expect } from 'chai'
import { joinPath, parseServerAddress } from '../../../lib/client/server-address.js'

function addressOf(text: string) {
  const parsed = parseServerAddress(text)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed.address
}

describe("a server's address", () => {
  for (const [text, url] of [
    ['http://10.0.0.1:3333', 'http://10.0.0.1:3333/v1/pre-reboot'],
    ['http://10.0.0.1:3333/', 'http://10.0.0.1:3333/v1/pre-reboot'],
    ['https://lock.example.com/base/', 'https://lock.example.com/base/v1/pre-reboot'],
    // Where Zincati would ask https://lock.example.com/v1/pre-reboot.
    ['https://lock.example.com/base', 'https://lock.example.com/base/v1/pre-reboot'],
    ['http://[::1]:3333', 'http://[::1]:3333/v1/pre-reboot'],
    ['https://user:password@host/a/b', 'https://host/a/b/v1/pre-reboot'],
  ] as const) {
    it(`is joined with a path: ${text}`, () => {
      expect(joinPath(addressOf(text), '/v1/pre-reboot')).to.equal(url)
    })
  }

  for (const [text, credentials, shown] of [
    ['http://user:secret@host/', 'user:secret', 'http://user:PASSWORD@host/'],
    ['http://user@host/', 'user:', 'http://user@host/'],
    ['http://:secret@host/', ':secret', 'http://:PASSWORD@host/'],
    ['http://us%3Aer:p%40ss%25w%C3%B6rd@host/', 'us:er:p@ss%wörd', 'http://us%3Aer:PASSWORD@host/'],
  ] as const) {
    it(`turns its credentials into Basic, and never shows the password: ${text}`, () => {
      const { authorization = '', shown: actual, base } = addressOf(text)
      const [scheme, encoded = ''] = authorization.split(' ')
      expect([scheme, Buffer.from(encoded, 'base64').toString(), actual, base]).to.deep.equal([
        'Basic',
        credentials,
        shown,
        'http://host/',
      ])
    })
  }

  it('has no credentials unless it names some', () => {
    expect(addressOf('http://host')).to.deep.equal({ base: 'http://host/', shown: 'http://host/' })
  })

  for (const text of [
    ...['', 'host:3333', '10.0.0.1:3333', 'ftp://host/', 'http://', 'localhost:80/http://x'],
    ...['http://host/?a=b', 'http://host/#a', 'http://user:100%@host/'],
  ]) {
    it(`is refused without a repetition of what was given: ${JSON.stringify(text)}`, () => {
      const parsed = parseServerAddress(text)
      expect(parsed).to.have.property('problem')
      if ('problem' in parsed) expect(parsed.problem).to.match(/^(must|has)/)
    })
  }
})
