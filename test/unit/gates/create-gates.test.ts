import { expect } from 'chai'
import { createGates, type GatesSettings } from '../../../lib/gates/create-gates.js'
import type { Clock } from '../../../lib/calendar/clock.js'
import { systemClock } from '../../../lib/daemon/system-clock.js'

const REMOTE = { timeoutMs: 1000, onError: 'deny' as const }
const NIGHTS = [{ days: ['Sat' as const], startTime: '23:30', lengthMinutes: 60 }]
const CHRISTMAS = { from: '2026-12-20', to: '2027-01-03', reason: 'Christmas' }

function gatesOf(settings: Partial<GatesSettings>, clock: Clock = systemClock) {
  const groups = ['a', 'b'].map((name) => ({ name }))
  const { signal } = new AbortController()
  return createGates(
    { groups, blackouts: [], http: [], ...settings },
    { clock, signal, onVerdict: () => undefined },
  )
}

function namesOf(settings: Partial<GatesSettings>): unknown {
  return [...gatesOf(settings)].map(([group, chain]) => [group, chain.names])
}

describe('createGates', () => {
  it('gives a group without gates none', () => {
    expect(namesOf({})).to.deep.equal([])
  })

  it('gives every gate to all groups, or to those that it names', () => {
    const settings: Partial<GatesSettings> = {
      groups: [{ name: 'a', windows: NIGHTS }, { name: 'b' }],
      blackouts: [{ ...CHRISTMAS, groups: ['b'] }],
      prometheus: { url: 'http://prometheus', query: 'ALERTS', ...REMOTE },
      http: [
        { url: 'http://a', name: 'a', expectStatus: 200, groups: ['a'], ...REMOTE },
        { url: 'http://c', name: 'c', expectStatus: 200, groups: ['a'], ...REMOTE },
      ],
    }
    expect(namesOf(settings)).to.deep.equal([
      ['a', ['reboot_window', 'prometheus', 'http']],
      ['b', ['blackout', 'prometheus']],
    ])
  })

  it('says when the next window opens, after blackouts, on the clock of the group', async () => {
    const settings = {
      groups: [{ name: 'a', windows: NIGHTS, timeZone: 'Europe/Berlin' }],
      blackouts: [CHRISTMAS],
    }
    const ask = (time: string) => {
      const clock = { ...systemClock, now: () => Date.parse(time) }
      return gatesOf(settings, clock).get('a')?.ask()
    }
    expect(await ask('2026-12-12T22:30Z')).to.deep.equal({ verdict: 'open' })
    expect(await ask('2026-12-12T23:30Z')).to.deep.equal({
      verdict: 'closed',
      gate: 'reboot_window',
      refusal: { kind: 'outside_reboot_window', opensAt: '2026-12-19T23:30:00+01:00' },
      opensAt: Date.parse('2026-12-19T22:30Z'),
    })
    expect(await ask('2026-12-19T23:10Z')).to.deep.equal({
      verdict: 'closed',
      gate: 'blackout',
      refusal: { kind: 'blackout', until: '2027-01-04T00:00:00+01:00', reason: 'Christmas' },
      opensAt: Date.parse('2027-01-09T22:30Z'),
    })
  })

  it('refuses a pattern that is none', () => {
    const prometheus = { url: 'http://p', query: 'ALERTS', ignore: '(', ...REMOTE }
    expect(() => gatesOf({ prometheus })).to.throw(RangeError)
  })
})
