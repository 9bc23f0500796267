import { expect } from 'chai'
import {
  age,
  localMoment,
  moment,
  printDuration,
  remaining,
} from '../../../../lib/status/page/times.js'
import { ago, SAMPLE_NOW } from '../../../support/sample-reports.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

describe('times on the page', () => {
  it('last in their two largest units', () => {
    const lengths = [-5, 0, 59.9 * SECOND, MINUTE, HOUR - 1, HOUR, 3.2 * HOUR, 24 * HOUR, 52 * HOUR]
    expect(lengths.map(printDuration)).to.deep.equal([
      '0 s',
      '0 s',
      '59 s',
      '1 min',
      '59 min',
      '1 h',
      '3 h 12 min',
      '1 d',
      '2 d 4 h',
    ])
  })

  it('say to the script what they count from, and in which direction', () => {
    expect(age(ago(5), SAMPLE_NOW).toString()).to.equal(
      '<time datetime="2026-11-20T03:02:12.000Z" title="since 2026-11-20T03:02:12.000Z" ' +
        'data-count="up">5 min</time>',
    )
    expect(remaining(ago(-5), SAMPLE_NOW).toString()).to.equal(
      '<time datetime="2026-11-20T03:12:12.000Z" title="at 2026-11-20T03:12:12.000Z" ' +
        'data-count="down">5 min</time>',
    )
  })

  it('have a date where it is not today', () => {
    const words = (minutes: number): string | undefined =>
      />(.*)</.exec(moment(ago(minutes), SAMPLE_NOW).toString())?.[1]
    expect([words(5), words(200)]).to.deep.equal(['03:02', '11-19 23:47'])
  })

  it("are shown on the group's clock", () => {
    const words = (at: string): string | undefined =>
      />(.*)</.exec(localMoment(at, 'Europe/Berlin', SAMPLE_NOW).toString())?.[1]
    expect([words('2026-11-24T02:00:00Z'), words('2026-12-01T05:00:00Z')]).to.deep.equal([
      'Tue 03:00',
      'Tue 1 Dec 06:00',
    ])
  })
})
