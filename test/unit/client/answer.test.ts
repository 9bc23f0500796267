import { expect } from 'chai'
import { parseErrorReply, readAnswer } from '../../../lib/client/answer.js'

const URL = 'http://host/v1/pre-reboot'
const ERROR = '{"kind":"some_kind","value":"some value"}'
const FLEETLOCK = { kind: 'some_kind', value: 'some value' }

describe('an answer', () => {
  for (const status of [200, 201, 204, 299]) {
    it(`means done with ${status}, whatever its body`, () => {
      for (const body of ['', '<html>', ERROR]) {
        expect(readAnswer(URL, { status, body })).to.deep.equal({ outcome: 'done' })
      }
    })
  }

  for (const status of [408, 409, 423, 429]) {
    it(`means later with ${status}, with or without a FleetLock error`, () => {
      const refused = { outcome: 'refused', mayBeDone: false }
      expect(readAnswer(URL, { status, body: ERROR })).to.deep.equal({ ...refused, ...FLEETLOCK })
      expect(readAnswer(URL, { status, body: '<html>' })).to.deep.equal({
        ...refused,
        kind: `generic_http_${status}`,
        value: `${URL} answered ${status}, without a FleetLock error`,
      })
    })
  }

  for (const status of [500, 502, 503, 504]) {
    it(`means later with ${status} and a FleetLock error, else a server in trouble`, () => {
      expect(readAnswer(URL, { status, body: ERROR })).to.deep.equal({
        outcome: 'refused',
        ...FLEETLOCK,
        mayBeDone: true,
      })
      expect(readAnswer(URL, { status, body: '' })).to.deep.equal({
        outcome: 'unavailable',
        kind: `generic_http_${status}`,
        value: `${URL} answered ${status}, without a FleetLock error`,
        mayBeDone: true,
      })
    })
  }

  for (const status of [400, 401, 403, 404, 405, 413]) {
    it(`means broken with ${status}`, () => {
      const answer = readAnswer(URL, { status, body: ERROR })
      expect(answer).to.deep.equal({ outcome: 'broken', ...FLEETLOCK, mayBeDone: false })
    })
  }

  for (const status of [301, 302, 304, 307, 308]) {
    it(`means broken with the redirect ${status}, and names its target`, () => {
      const answer = readAnswer(URL, { status, body: '', location: 'https://other/\u001b[31m' })
      expect(answer).to.deep.equal({
        outcome: 'broken',
        kind: `generic_http_${status}`,
        value: `${URL} answered ${status}, a redirect to https://other/ [31m; redirects are not followed, because they turn a POST into a GET: correct the URL`,
        mayBeDone: false,
      })
    })
  }
})

describe('a FleetLock error', () => {
  for (const body of [
    ...[
      '',
      'null',
      '[]',
      '"kind"',
      '{}',
      '{"kind":"a"}',
      '{"value":"a"}',
      '{"kind":1,"value":"a"}',
    ],
    '{"kind":"a","value":null}',
    `${ERROR}x`,
  ]) {
    it(`is not ${JSON.stringify(body)}`, () => {
      expect(parseErrorReply(body)).to.equal(undefined)
    })
  }

  it('may have more fields', () => {
    expect(parseErrorReply('{"kind":"a","value":"b","since":1}')).to.deep.equal({
      kind: 'a',
      value: 'b',
    })
  })

  it('loses what would drive a terminal, and what is too long', () => {
    const value = `one\r\n\u001b[2Jtwo\u202e${'x'.repeat(2000)}`
    const parsed = parseErrorReply(JSON.stringify({ kind: 'a\u0007b', value }))
    expect(parsed).to.deep.equal({ kind: 'a b', value: `one [2Jtwo ${'x'.repeat(989)}…` })
  })
})
