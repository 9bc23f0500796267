import { expect } from 'chai'
import { parseSemaphore } from '../../../lib/semaphore/semaphore-document.js'
import { textOfValue } from '../../../lib/store/value-text.js'

describe('a stored value', () => {
  it('is its text', () => {
    expect(textOfValue(Buffer.from('{"a":"é🤖\ufffd"}'))).to.equal('{"a":"é🤖\ufffd"}')
  })

  it('is no semaphore where it is not UTF-8, although it would be one with its bad bytes replaced', () => {
    const [begin = '', end = ''] = '{"total_slots":2,"holders":["?"]}'.split('?')
    const bytes = Buffer.concat([Buffer.from(begin), Buffer.of(0xff), Buffer.from(end)])
    expect(parseSemaphore(bytes.toString('utf8'))).to.have.property('semaphore')
    expect(parseSemaphore(textOfValue(bytes))).to.deep.equal({ problem: 'is not JSON' })
  })
})
