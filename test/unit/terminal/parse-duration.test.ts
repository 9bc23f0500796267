import { expect } from 'chai'
import { parseDuration } from '../../../lib/terminal/parse-duration.js'

describe('a duration', () => {
  for (const [text, ms] of [
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['1d2h3m4s5ms', 93_784_005],
    ['500ms', 500],
    ['0s', 0],
    ['1m500ms', 60_500],
  ] as const) {
    it(`is read: ${text}`, () => {
      expect(parseDuration(text)).to.equal(ms)
    })
  }

  for (const text of [
    ...['', '90', '1.5h', '-1s', '1 h', ' 1h', '1h ', 's', '30m1h', '1h1h', '1H', '1w', 'forever'],
    '1234567890s',
  ]) {
    it(`is refused: ${JSON.stringify(text)}`, () => {
      expect(parseDuration(text)).to.equal(undefined)
    })
  }
})
