import { expect } from 'chai'
import {
  eventKey,
  GLOBAL_PAUSE_KEY,
  holderKey,
  pauseKey,
  semaphoreKey,
} from '../../lib/lock/keys.js'
import { etcdConfig } from '../support/etcd-config.js'
import { startEtcd, type EtcdServer } from '../support/etcd-server.js'
import { deleteRaw, getRaw, putRaw } from '../support/etcdctl.js'
import { runAirlock, type AirlockResult } from '../support/run-airlock.js'
import { createTempFolder } from '../support/temp-folder.js'
import { uniqueGroup } from '../support/unique-group.js'

/** As coreos/airlock accepts them: a control character, an escape sequence, and too long a one. */
const ODD_ID = 'a\nb\u001b[31m'
const LONG_ID = 'x'.repeat(300)
const SHOWN_ID = String.raw`$'a\x0ab\x1b\x5b31m'`

/** What moves a cursor, ends a line early or turns the writing round; a newline ends our own lines. */
const DRIVES_TERMINAL = /[^\P{C}\n]/u

describe('what others have stored, as the commands show it', () => {
  let etcd: EtcdServer
  let group: string

  before(async () => {
    etcd = await startEtcd()
  })
  after(() => etcd.stop())
  beforeEach(() => {
    group = uniqueGroup()
  })
  afterEach(() => deleteRaw(etcd, semaphoreKey(group)))

  const airlock = (...args: string[]): Promise<AirlockResult> =>
    runAirlock(args, { environment: { AIRLOCK_ENDPOINT: etcd.namedEndpoints[0] ?? '' } })

  const putHolders = (...holders: string[]): Promise<void> =>
    putRaw(etcd, semaphoreKey(group), JSON.stringify({ total_slots: 3, holders }))

  it('escapes the ids that cannot be printed, as they are typed into a shell', async () => {
    await putHolders(ODD_ID, 'plain id')
    const text = JSON.stringify({ since: '2026-11-20T09:12:40.112Z', by: 'x\u001b[2J\u202ey' })
    await putRaw(etcd, holderKey(group, ODD_ID), text)
    for (const [args, line] of [
      [['status', group], `${SHOWN_ID}  ${group}  2026-11-20T09:12:40.112Z`],
      [['status', group], 'x [2J y'],
      [['status', group], `plain id`],
      [['status', group, '--locksmith'], `\n${SHOWN_ID}\n`],
      [['ex', 'get', 'slots'], `\n - ${SHOWN_ID}\n - plain id\n`],
    ] as const) {
      const { exitCode, stdout } = await airlock(...args)
      expect([exitCode, stdout.includes(line)], args.join(' ')).to.deep.equal([0, true])
      expect(stdout).to.not.match(DRIVES_TERMINAL)
    }
  })

  it('frees whoever holds, whatever the id looks like', async () => {
    await putHolders(ODD_ID, 'plain', LONG_ID)
    for (const id of [ODD_ID, LONG_ID]) {
      const freed = await airlock('unlock', '-g', group, '--', id)
      expect(freed).to.deep.equal({ exitCode: 0, stdout: '', stderr: '' })
    }
    expect((await getRaw(etcd, semaphoreKey(group)))?.value).to.equal(
      '{"total_slots":3,"holders":["plain"]}',
    )
    const { stdout } = await airlock('events', group)
    expect(stdout).to.include(`released ${SHOWN_ID}  by `)
    expect(stdout).to.not.match(DRIVES_TERMINAL)
  })

  it('names whom it has freed, where it frees all', async () => {
    await putHolders(ODD_ID, 'plain')
    const { stdout } = await airlock('unlock', '--all', '--yes', '-g', group)
    expect(stdout).to.equal(`${SHOWN_ID}\nplain\n`)
  })

  it('shows reasons of pauses and of events on one line', async () => {
    await putHolders()
    const reason = 'a\u001b[2Jb\nc\u202ed'
    const record = { reason, since: '2026-11-20T09:12:40.112Z', by: 'eve\u0007@host' }
    const shown = 'since 2026-11-20T09:12:40.112Z by eve @host: a [2Jb c d'
    const changes = [{ type: 'paused', reason }]
    await putRaw(etcd, pauseKey(group), JSON.stringify(record))
    await putRaw(etcd, GLOBAL_PAUSE_KEY, JSON.stringify(record))
    await putRaw(etcd, eventKey(group, 1), JSON.stringify({ at: '1', by: 'e\u0007', changes }))
    try {
      const status = await airlock('status', group)
      expect(status.stdout).to.include(`ALL GROUPS ARE PAUSED ${shown}`)
      expect(status.stdout).to.include(`paused ${shown}`)
      const refused = await airlock('lock', 'a', '-g', group)
      expect([refused.exitCode, refused.stderr.includes(`paused ${shown}`)]).to.deep.equal([
        75,
        true,
      ])
      const events = await airlock('events', group)
      expect(events.stdout).to.include('paused: a [2Jb c d  by e ')
      const resumed = await airlock('resume', '-g', group)
      for (const { stdout, stderr } of [status, refused, events, resumed]) {
        expect(stdout + stderr).to.not.match(DRIVES_TERMINAL)
      }
    } finally {
      await deleteRaw(etcd, GLOBAL_PAUSE_KEY)
    }
  })

  describe('and which document cannot be read', () => {
    const PROBLEM = 'is not JSON'
    let readable: string

    beforeEach(async () => {
      readable = uniqueGroup()
      await putRaw(etcd, semaphoreKey(readable), '{"total_slots":1,"holders":["a"]}')
      await putRaw(etcd, semaphoreKey(group), 'broken')
    })
    afterEach(() => deleteRaw(etcd, semaphoreKey(readable)))

    it('is a failure of the forms that cannot say it', async () => {
      const stderr = `airlock: ${semaphoreKey(group)} ${PROBLEM}\n`
      expect(await airlock('status', group, '--locksmith')).to.deep.equal({
        exitCode: 1,
        stdout: '',
        stderr,
      })
      expect(await airlock('ex', 'get', 'slots')).to.deep.equal({
        exitCode: 1,
        stdout: `group: ${readable}\n semaphore slots: 1\n lock owners:\n - a\n\n---\n`,
        stderr,
      })
    })

    it('is no number where it is not known', async () => {
      const folder = await createTempFolder()
      try {
        const config = await folder.write(
          'a.toml',
          etcdConfig(etcd, { groups: [{ name: group }], lock: 'total_slots_max = 3' }),
        )
        const { stdout } = await runAirlock(['-c', config, 'status', group, '--json'])
        const shown = JSON.parse(stdout) as { cap: unknown; groups: Record<string, unknown>[] }
        expect(shown.cap).to.deep.equal({ slots: 3, held: null })
        expect(shown.groups[0]).to.deep.include({
          slots: null,
          held: null,
          free: null,
          stale: null,
          holders: [],
          problem: `${semaphoreKey(group)} ${PROBLEM}`,
        })
      } finally {
        await folder.remove()
      }
      const { stdout } = await airlock('status', group)
      expect(stdout).to.match(new RegExp(`^${group} +\\? +\\? +\\?  BROKEN: `, 'm'))
    })
  })
})
