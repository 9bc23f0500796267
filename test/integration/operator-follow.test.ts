import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { eventKey, semaphoreKey } from '../../lib/lock/keys.js'
import { startEtcd, type EtcdServer } from '../support/etcd-server.js'
import { putRaw } from '../support/etcdctl.js'
import { AIRLOCK_PROGRAM, airlockEnvironment, runAirlock } from '../support/run-airlock.js'
import { startAirlock, type StartedAirlock } from '../support/start-airlock.js'
import { uniqueGroup } from '../support/unique-group.js'

describe('a command that goes on', () => {
  let etcd: EtcdServer
  let group: string
  let started: StartedAirlock | undefined

  beforeEach(async () => {
    etcd = await startEtcd()
    group = uniqueGroup()
    await putHolders()
    await putEvent(1, 'first')
  })
  afterEach(async () => {
    started?.signal('SIGKILL')
    await started?.ended
    started = undefined
    await etcd.stop()
  })

  const environment = (): Record<string, string> => ({
    AIRLOCK_ENDPOINT: etcd.namedEndpoints[0] ?? '',
  })

  async function start(...args: string[]): Promise<StartedAirlock> {
    started = await startAirlock(args, environment())
    return started
  }

  /** All that a command has printed, after it is killed. */
  async function outputOf(command: StartedAirlock): Promise<string> {
    command.signal('SIGKILL')
    return (await command.ended).stdout
  }

  const putHolders = (...holders: string[]): Promise<void> =>
    putRaw(etcd, semaphoreKey(group), JSON.stringify({ total_slots: 3, holders }))

  function putEvent(number: number, id: string): Promise<void> {
    const changes = [{ type: 'granted', id }]
    const record = { at: '2026-11-20T09:12:40.112Z', by: 'eve@host', changes }
    return putRaw(etcd, eventKey(group, number), JSON.stringify(record))
  }

  /** More than two looks. */
  const aWhile = (): Promise<void> => sleep(1500)

  for (const [args, shown, change] of [
    [['status', '--watch'], 'GROUP', () => putHolders('again')],
    [['events', '--follow'], 'first', () => putEvent(2, 'again')],
  ] as const) {
    it(`waits for an etcd that is away for a while: ${args.join(' ')}`, async () => {
      const command = await start(...args)
      await command.printed(shown)
      await etcd.kill(0)
      await command.printed('trying again')
      await aWhile()
      await etcd.restart(0)
      await change()
      await command.printed('again ')
      expect(command.stderr).to.match(/^airlock: [^\n]+; trying again\n$/)
    })

    it(`fails where etcd has never answered: ${args.join(' ')}`, async () => {
      await etcd.kill(0)
      const { exitCode, stdout, stderr } = await runAirlock(args, { environment: environment() })
      expect([exitCode, stdout]).to.deep.equal([1, ''])
      expect(stderr).to.match(/^airlock: nothing listens at [^\n]+\n$/)
    })
  }

  for (const form of [[], ['--json'], ['--locksmith']]) {
    it(`prints no change where what it shows is the same: ${form.join('') || 'a table'}`, async () => {
      await putHolders('held')
      const command = await start('status', group, '--watch', ...form)
      await command.printed('held')
      await putRaw(etcd, 'of-another-program', 'changed')
      await putHolders('held')
      await aWhile()
      await putHolders('held', 'later')
      await command.printed('later')
      const stdout = await outputOf(command)
      expect(stdout.match(/GROUP {2,}SLOTS|"version"|Available/g)?.length).to.equal(2)
    })
  }

  it('says in one line that its output cannot be written', () => {
    const full = openSync('/dev/full', 'w')
    try {
      for (const args of [['events'], ['status'], ['events', '--follow']]) {
        const { status, stderr } = spawnSync(process.execPath, [AIRLOCK_PROGRAM, ...args], {
          env: airlockEnvironment('/nowhere', environment()),
          stdio: ['ignore', full, 'pipe'],
          encoding: 'utf8',
          timeout: 10_000,
        })
        expect([status, stderr]).to.deep.equal([
          1,
          'airlock: the output cannot be written: ENOSPC: no space left on device, write\n',
        ])
      }
    } finally {
      closeSync(full)
    }
  })
})
