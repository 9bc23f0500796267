import { expect } from 'chai'
import { CredentialsGate } from '../../../lib/http/credentials-gate.js'
import { Door, type DoorSettings, type Entry } from '../../../lib/http/door.js'
import { FakeClock } from '../../support/fake-clock.js'
import { basicAuthorization } from '../../support/htpasswd.js'

const OPEN: DoorSettings = { trustedProxies: [], maxRequestsPerMinute: 0, groups: [] }

describe('Door', () => {
  let clock: FakeClock
  let gate: CredentialsGate

  beforeEach(() => {
    clock = new FakeClock()
    const comparer = { compare: (a: string, b: string) => Promise.resolve(a === b) }
    gate = new CredentialsGate(undefined, { clock, comparer })
  })

  const kindOf = (entry: Entry): string => ('reply' in entry ? entry.reply.kind : 'in')
  const ask = async (
    door: Door,
    api: 'pre_reboot' | 'steady_state',
    address = '192.0.2.1',
    header?: string,
  ): Promise<string> => kindOf(await door.admit(api, header, address, () => false))

  it('limits nothing unless it is told to', async () => {
    const door = new Door(OPEN, gate, clock)
    for (let i = 0; i < 1000; i += 1) expect(await ask(door, 'pre_reboot')).to.equal('in')
  })

  it('limits the pre-reboots of an address, and never a steady-state', async () => {
    const door = new Door({ ...OPEN, maxRequestsPerMinute: 2 }, gate, clock)
    const answers = []
    for (let i = 0; i < 3; i += 1) answers.push(await ask(door, 'pre_reboot'))
    expect(answers).to.deep.equal(['in', 'in', 'too_many_requests'])
    expect(await ask(door, 'pre_reboot', '192.0.2.2')).to.equal('in')
    for (let i = 0; i < 100; i += 1) expect(await ask(door, 'steady_state')).to.equal('in')
    await clock.advance(30_000)
    expect(await ask(door, 'pre_reboot')).to.equal('in')
  })

  it('keeps count over a reload that does not change the limit', async () => {
    const door = new Door({ ...OPEN, maxRequestsPerMinute: 1 }, gate, clock)
    await ask(door, 'pre_reboot')
    door.configure({ ...OPEN, maxRequestsPerMinute: 1 })
    expect(await ask(door, 'pre_reboot')).to.equal('too_many_requests')
    door.configure(OPEN)
    expect(await ask(door, 'pre_reboot')).to.equal('in')
  })

  it('does not count requests of those who are not let in', async () => {
    gate.replace({ hashes: new Map([['web', 'secret']]), highestCost: 4 })
    const door = new Door({ ...OPEN, maxRequestsPerMinute: 1 }, gate, clock)
    expect(await ask(door, 'pre_reboot')).to.equal('unauthorized')
    const { authorization } = basicAuthorization('web', 'secret')
    expect(await ask(door, 'pre_reboot', '192.0.2.1', authorization)).to.equal('in')
  })

  it('names the group, and neither the user nor the id, to whom it forbids', () => {
    const groups = [{ name: 'db', allowedUsers: ['ops'], allowedIds: ['0f'] }]
    const door = new Door({ ...OPEN, groups }, gate, clock)
    expect(door.permit({ group: 'db', id: 'x' }, 'web')).to.deep.equal({
      kind: 'forbidden',
      value: 'this user may not use the group "db"',
    })
    expect(door.permit({ group: 'db', id: 'x' }, 'ops')).to.deep.equal({
      kind: 'forbidden',
      value: 'this id may not use the group "db"',
    })
    expect(door.permit({ group: 'db', id: '0f' }, 'ops')).to.equal(undefined)
    door.configure(OPEN)
    expect(door.permit({ group: 'db', id: 'x' }, 'web')).to.equal(undefined)
  })

  describe('takes back the right of who was let in', () => {
    const { authorization } = basicAuthorization('web', 'secret')
    const NODE = { group: 'db', id: 'x' }
    const KNOWN = { hashes: new Map([['web', 'secret']]), highestCost: 4 }

    async function admitted(header: string | undefined): Promise<Door> {
      const door = new Door(OPEN, gate, clock)
      expect(await ask(door, 'pre_reboot', '192.0.2.1', header)).to.equal('in')
      return door
    }

    const kindAfter = (door: Door, header: string | undefined): string =>
      door.revoke(header, NODE, header === undefined ? undefined : 'web')?.kind ?? 'in'

    it('when settings forbid the user or the id', async () => {
      gate.replace(KNOWN)
      const door = await admitted(authorization)
      expect(kindAfter(door, authorization)).to.equal('in')
      for (const rule of [{ allowedUsers: ['ops'] }, { allowedIds: ['0f'] }]) {
        door.configure({ ...OPEN, groups: [{ name: 'db', ...rule }] })
        expect(kindAfter(door, authorization)).to.equal('forbidden')
      }
    })

    it('when its entry leaves the password file, or changes', async () => {
      gate.replace(KNOWN)
      const door = await admitted(authorization)
      for (const hashes of [new Map([['ops', 'other']]), new Map([['web', 'changed']])]) {
        gate.replace({ hashes, highestCost: 4 })
        expect(kindAfter(door, authorization)).to.equal('unauthorized')
      }
      gate.replace({ hashes: new Map([...KNOWN.hashes, ['ops', 'other']]), highestCost: 4 })
      expect(kindAfter(door, authorization)).to.equal('in')
      gate.replace(undefined)
      expect(kindAfter(door, authorization)).to.equal('in')
    })

    it('when there is a password file only now', async () => {
      const door = await admitted(undefined)
      expect(kindAfter(door, undefined)).to.equal('in')
      gate.replace(KNOWN)
      expect(kindAfter(door, undefined)).to.equal('unauthorized')
    })
  })
})
