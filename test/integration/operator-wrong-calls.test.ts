import { expect } from 'chai'
import { semaphoreKey } from '../../lib/lock/keys.js'
import { putRaw } from '../support/etcdctl.js'
import { runAirlock, type AirlockResult } from '../support/run-airlock.js'
import { sharedEtcd } from '../support/shared-etcd.js'
import { uniqueGroup } from '../support/unique-group.js'

describe('a wrong call of an operator', () => {
  let group: string
  let endpoint: string

  beforeEach(async () => {
    const etcd = await sharedEtcd()
    endpoint = etcd.namedEndpoints[0] ?? ''
    group = uniqueGroup()
    await putRaw(etcd, semaphoreKey(group), '{"total_slots":2,"holders":[]}')
  })

  const airlock = (...args: string[]): Promise<AirlockResult> =>
    runAirlock(args, { environment: { AIRLOCK_ENDPOINT: endpoint } })

  const ID = 'error: the id of a machine'
  const GROUP = 'error: the name of a group may only contain letters, digits, "." and "-"'
  const REASON = 'error: --reason must be one line of 1 to 200 characters'
  for (const [name, args, problem] of [
    ['an empty id', ['lock', ''], `${ID} must not be empty`],
    ['an id of two lines', ['lock', 'a\nb'], `${ID} may only contain printable characters`],
    [
      'too long an id',
      ['lock', 'x'.repeat(257)],
      `${ID} must have at most 256 characters, got 257`,
    ],
    ['an empty id to free', ['unlock', ''], `${ID} must not be empty`],
    ['a reason of nothing', ['pause', '--all', '--reason', ' '], REASON],
    ['a reason of two lines', ['pause', '--all', '--reason', 'a\nb'], REASON],
    ['a reason that clears the screen', ['pause', '--all', '--reason', '\u001b[2J'], REASON],
    ['too long a reason', ['pause', '--all', '--reason', 'x'.repeat(201)], REASON],
    ['a group to pause', ['pause', '-g', 'a b', '--reason', 'x'], GROUP],
    ['a group to resume', ['resume', '-g', 'a b'], GROUP],
    ['a group to lock in', ['lock', 'a', '-g', 'a b'], GROUP],
    ['a group to unlock in', ['unlock', 'a', '-g', 'a b'], GROUP],
    ['a group to set slots of', ['set-slots', '1', '-g', 'a b'], GROUP],
    ['a group to show', ['status', 'a b'], GROUP],
    ['a group to show, as an option', ['events', '-g', 'a b'], GROUP],
    ['a group to show windows of', ['windows', 'a b'], GROUP],
  ] as const) {
    it(`is ${name}: ${args[0]}`, async () => {
      const { exitCode, stdout, stderr } = await airlock(...args)
      expect([exitCode, stdout, stderr.split('\n')[0]]).to.deep.equal([2, '', problem])
    })
  }

  it('is no reason of 200 characters, and none of another script', async () => {
    for (const reason of ['x'.repeat(200), 'Grüße, 障害 7']) {
      const { exitCode } = await airlock('pause', '-g', group, '--reason', reason)
      expect(exitCode).to.equal(0)
    }
    await airlock('resume', '-g', group)
  })

  it('is warned of in the help of unlock', async () => {
    const { stdout } = await airlock('unlock', '--help')
    expect(stdout).to.include('Make sure first that the machine is really down')
    expect(stdout).to.include('Without -g the default group is meant.')
  })

  it('is told apart from one that changes nothing', async () => {
    const slots = async (count: string): Promise<string> =>
      (await airlock('set-slots', count, '-g', group)).stdout
    expect([await slots('2'), await slots('3'), await slots('3')]).to.deep.equal([
      `${group}: slots 2, unchanged\n`,
      `${group}: slots 2 -> 3\n`,
      `${group}: slots 3, unchanged\n`,
    ])
  })
})
