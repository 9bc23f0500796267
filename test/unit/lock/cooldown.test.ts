import { expect } from 'chai'
import { cooldownRefusal, parseCooldown } from '../../../lib/lock/cooldown.js'

describe('a cooldown', () => {
  for (const [stored, seconds, until] of [
    ['{"since":"2026-11-20T23:04:05.678Z","seconds":600}', 600, '2026-11-20T23:14:05.678Z'],
    ['{"since":"yesterday","seconds":600}', 600, null],
    ['{"since":"2026-11-20T23:04:05.678Z","seconds":1e300}', 1e300, null],
    ['x', 0, null],
  ] as const) {
    it(`that is stored as ${stored} ends ${until ?? 'at an unknown time'}`, () => {
      expect(cooldownRefusal(parseCooldown(stored))).to.deep.equal({
        kind: 'cooldown',
        seconds,
        until,
      })
    })
  }
})
