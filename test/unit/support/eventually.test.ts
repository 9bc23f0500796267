import { expect } from 'chai'
import { eventually } from '../../support/eventually.js'

describe('eventually', () => {
  it('resolves to what the assertion returns once it passes', async () => {
    let calls = 0
    const result = await eventually(() => {
      calls += 1
      expect(calls).to.equal(3)
      return 'passed'
    })
    expect(result).to.equal('passed')
  })

  it('rejects after the bound with the last failure as the cause', async () => {
    const failure = await eventually(() => expect.fail('still wrong'), {
      timeoutMs: 60,
      intervalMs: 10,
    }).catch((error: unknown) => error as Error)
    expect(failure).to.be.instanceOf(Error)
    expect(failure.message).to.equal('not so within 60 ms: still wrong')
    expect(failure.cause).to.be.instanceOf(Error)
  })

  it('gives up on an assertion that never settles', async () => {
    const failure = await eventually(() => new Promise(() => undefined), { timeoutMs: 50 }).catch(
      (error: unknown) => error as Error,
    )
    expect(failure).to.have.property('message', 'not so within 50 ms: the assertion did not settle')
  })
})
