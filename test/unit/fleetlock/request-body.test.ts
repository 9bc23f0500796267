import { expect } from 'chai'
import fc from 'fast-check'
import { parseRequestBody, printRequestBody } from '../../../lib/fleetlock/request-body.js'

const parse = (text: string) => parseRequestBody(Buffer.from(text, 'utf8'))
const SHAPE = '{"client_params":{"id":"…","group":"…"}}'

describe('the request body', () => {
  it('is read as Zincati prints it', () => {
    const body = '{\n  "client_params": {\n    "id": "2204af7f",\n    "group": "patroni"\n  }\n}'
    expect(parse(body)).to.deep.equal({ identity: { group: 'patroni', id: '2204af7f' } })
  })

  it('passes over fields that are not known', () => {
    const body = '{"client_params":{"id":"a","group":"g","since":1},"extra":[]}'
    expect(parse(body)).to.deep.equal({ identity: { group: 'g', id: 'a' } })
  })

  it('takes an id that is named like a property of every object', () => {
    const body = '{"client_params":{"id":"__proto__","group":"constructor"}}'
    expect(parse(body)).to.deep.equal({ identity: { group: 'constructor', id: '__proto__' } })
  })

  const refused: readonly (readonly [body: string, problem: string])[] = [
    ['', `the body is empty; expected ${SHAPE}`],
    ['{', `the body is not UTF-8 JSON (a syntax error); expected ${SHAPE}`],
    ['\ufeff{}', `the body is not UTF-8 JSON (a syntax error); expected ${SHAPE}`],
    ['null', `the body has no "client_params" object; expected ${SHAPE}`],
    ['{"id":"a","group":"g"}', `the body has no "client_params" object; expected ${SHAPE}`],
    ['{"client_params":[]}', `the body has no "client_params" object; expected ${SHAPE}`],
    [
      '{"__proto__":{"client_params":{"id":"a","group":"g"}}}',
      `the body has no "client_params" object; expected ${SHAPE}`,
    ],
    ['{"client_params":{"group":"g"}}', `client_params.id is missing; expected ${SHAPE}`],
    [
      '{"client_params":{"id":1,"group":"g"}}',
      `client_params.id is not a string; expected ${SHAPE}`,
    ],
    ['{"client_params":{"id":"a"}}', `client_params.group is missing; expected ${SHAPE}`],
    ['{"client_params":{"id":"","group":"g"}}', 'client_params.id must not be empty'],
    [
      '{"client_params":{"id":"a\\u0000","group":"g"}}',
      'client_params.id may only contain printable characters',
    ],
    [
      '{"client_params":{"id":"a\\n","group":"g"}}',
      'client_params.id may only contain printable characters',
    ],
    [
      '{"client_params":{"id":"\\ud800","group":"g"}}',
      'client_params.id may only contain printable characters',
    ],
    [
      `{"client_params":{"id":"${'a'.repeat(257)}","group":"g"}}`,
      'client_params.id must have at most 256 characters, got 257',
    ],
    ['{"client_params":{"id":"a","group":""}}', 'client_params.group must not be empty'],
    [
      '{"client_params":{"id":"a","group":"g/h"}}',
      'client_params.group may only contain letters, digits, "." and "-"',
    ],
    [
      '{"client_params":{"id":"a","group":"g\\n"}}',
      'client_params.group may only contain letters, digits, "." and "-"',
    ],
    [
      `{"client_params":{"id":"a","group":"${'g'.repeat(254)}"}}`,
      'client_params.group must have at most 253 characters, got 254',
    ],
  ]
  for (const [body, problem] of refused) {
    it(`is refused: ${problem.slice(0, 60)} (${body.slice(0, 40)})`, () => {
      expect(parse(body)).to.deep.equal({ problem })
    })
  }

  it('is refused when it is not UTF-8', () => {
    expect(parseRequestBody(Buffer.from([0x22, 0xff, 0x22]))).to.deep.equal({
      problem: `the body is not UTF-8 JSON (wrong encoding); expected ${SHAPE}`,
    })
  })

  it('is the same after printing and parsing', () => {
    const id = fc.stringMatching(/^[ -~]{1,256}$/)
    const group = fc.stringMatching(/^[a-zA-Z0-9.-]{1,253}$/)
    fc.assert(
      fc.property(id, group, (id, group) => {
        expect(parse(printRequestBody({ id, group }))).to.deep.equal({ identity: { group, id } })
      }),
    )
  })

  it('never throws, whatever is sent', () => {
    fc.assert(fc.property(fc.uint8Array(), (body) => void parseRequestBody(body)))
    fc.assert(fc.property(fc.json(), (body) => void parse(body)))
  })
})
