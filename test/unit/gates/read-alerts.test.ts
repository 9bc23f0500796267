import { expect } from 'chai'
import { readAlerts, summariseAlerts } from '../../../lib/gates/read-alerts.js'

function vector(...metrics: readonly object[]): string {
  const result = metrics.map((metric) => ({ metric, value: [1, '0'] }))
  return JSON.stringify({ status: 'success', data: { resultType: 'vector', result } })
}

describe('readAlerts', () => {
  it('names each element, whatever its value', () => {
    const body = vector({ __name__: 'ALERTS', alertname: 'Down' }, { __name__: 'up' }, { job: 'x' })
    expect(readAlerts(200, body)).to.deep.equal({ names: ['Down', 'up', 'the query'] })
  })

  it('reads an empty vector', () => {
    expect(readAlerts(200, vector())).to.deep.equal({ names: [] })
  })

  it('knows that an answer with warnings may be incomplete', () => {
    const answer = { ...(JSON.parse(vector({ alertname: 'Down' })) as object), warnings: ['half'] }
    expect(readAlerts(200, JSON.stringify(answer))).to.deep.equal({
      names: ['Down'],
      warning: 'answered with a warning: half',
    })
  })

  const MISTAKES: readonly (readonly [status: number, body: string, problem: string])[] = [
    [200, '<html>', 'answered 200 without JSON'],
    [502, '', 'answered 502 without JSON'],
    [200, 'null', 'answered 200 without JSON'],
    [200, '{}', 'answered 200'],
    [400, '{"status":"error","error":"parse error"}', 'answered 400: parse error'],
    [503, vector(), 'answered 503'],
    [
      200,
      '{"status":"success","data":{"resultType":"scalar","result":[1,"0"]}}',
      'answered a scalar where a vector is needed',
    ],
    [200, '{"status":"success"}', 'answered a thing where a vector is needed'],
    [
      200,
      '{"status":"success","data":{"resultType":"vector"}}',
      'answered a vector where a vector is needed',
    ],
  ]
  for (const [status, body, problem] of MISTAKES) {
    it(`takes ${status} ${body} for no answer`, () => {
      expect(readAlerts(status, body)).to.deep.equal({ problem })
    })
  }
})

describe('summariseAlerts', () => {
  it('sorts, names each once, and counts those that are too many', () => {
    const names = ['c', 'a', 'c', 'b', 'e', 'd']
    expect(summariseAlerts(names, 5)).to.deep.equal(['a', 'b', 'c', 'd', 'e'])
    expect(summariseAlerts(names, 3)).to.deep.equal(['a', 'b', 'c', 'and 2 more'])
  })

  it('makes of each name one short piece of a line', () => {
    const [long = '', split] = summariseAlerts(['x'.repeat(500), 'y\n\u001b[31mz'], 5)
    expect([long.length, split]).to.deep.equal([101, 'y [31mz'])
  })
})
