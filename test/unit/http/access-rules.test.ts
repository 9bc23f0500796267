import { expect } from 'chai'
import { AccessRules } from '../../../lib/http/access-rules.js'

describe('AccessRules', () => {
  const rules = new AccessRules([
    { name: 'open' },
    { name: 'users', allowedUsers: ['ops', 'web-*'] },
    { name: 'ids', allowedIds: ['0f', 'ab*'] },
    { name: 'both', allowedUsers: ['ops'], allowedIds: ['0f'] },
    { name: 'all', allowedUsers: ['*'], allowedIds: ['*'] },
  ])
  const cases: readonly (readonly [
    group: string,
    id: string,
    user: string | undefined,
    forbidden: string | undefined,
  ])[] = [
    ['open', 'x', undefined, undefined],
    ['open', 'x', 'anybody', undefined],
    ['users', 'x', 'ops', undefined],
    ['users', 'x', 'web-1', undefined],
    ['users', 'x', 'web-', undefined],
    ['users', 'x', 'web', 'user'],
    ['users', 'x', 'my-web-1', 'user'],
    ['users', 'x', 'ops2', 'user'],
    ['users', 'x', 'Ops', 'user'],
    ['users', 'x', '', 'user'],
    ['users', 'x', undefined, 'user'],
    ['ids', '0f', undefined, undefined],
    ['ids', '0f0', undefined, 'id'],
    ['ids', 'ab', undefined, undefined],
    ['ids', 'abc', undefined, undefined],
    ['ids', 'a', undefined, 'id'],
    ['ids', 'xab', undefined, 'id'],
    ['ids', 'ab*', undefined, undefined],
    ['ids', '*', undefined, 'id'],
    ['both', '0f', 'ops', undefined],
    ['both', 'x', 'ops', 'id'],
    ['both', '0f', 'web-1', 'user'],
    ['all', 'x', 'anybody', undefined],
    ['all', 'x', undefined, 'user'],
    ['not-configured', 'x', undefined, undefined],
    ['__proto__', 'x', undefined, undefined],
  ]
  for (const [group, id, user, forbidden] of cases) {
    const who = `${user ?? 'nobody'} for ${id} in ${group}`
    it(`${forbidden === undefined ? 'lets' : `forbids by its ${forbidden}`} ${who}`, () => {
      expect(rules.check({ group, id }, user)).to.equal(forbidden)
    })
  }
})
