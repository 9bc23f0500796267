import { expect } from 'chai'
import { writeFile } from 'node:fs/promises'
import { eventually } from '../support/eventually.js'
import { preReboot, sendRequest, steadyState } from '../support/fleetlock-request.js'
import { startNotifyReceiver, type NotifyReceiver } from '../support/notify-receiver.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

describe('a reload by SIGHUP', () => {
  let folder: TempFolder
  let file: string
  let daemon: Daemon

  beforeEach(async () => {
    folder = await createTempFolder()
    file = folder.file('config.toml')
  })

  afterEach(async () => {
    await daemon.kill()
    await folder.remove()
  })

  /** Groups as `name = slots`. */
  const config = (groups: Record<string, number>, more = ''): string => `
[service]
address = "127.0.0.1"
port = 0
[status]
address = "127.0.0.1"
port = 0
[store]
kind = "embedded"
path = ${JSON.stringify(folder.file('airlock.db'))}
[lock]
default_slots = 1
${Object.entries(groups)
  .map(([name, slots]) => `[[lock.groups]]\nname = "${name}"\nslots = ${slots}\n`)
  .join('')}
${more}`

  async function start(text: string, args?: string[]): Promise<void> {
    await writeFile(file, text)
    daemon = await runDaemon({ configPath: file, ...(args === undefined ? {} : { args }) })
    await daemon.ready()
  }

  async function reload(text: string, expected: RegExp): Promise<string> {
    await writeFile(file, text)
    const before = daemon.logs.length
    daemon.signal('SIGHUP')
    return eventually(() => {
      const line = daemon.logs.slice(before).find((text) => expected.test(text))
      if (line === undefined) throw new Error(`no line matches ${String(expected)}`)
      return line
    })
  }

  const ask = async (group: string, id: string): Promise<number | string> => {
    const { status, kind } = await preReboot(daemon.serviceUrl, { group, id })
    return kind ?? status
  }

  it('adds groups, changes their slots and removes them, and keeps the holders', async () => {
    await start(config({ db: 1, web: 1 }))
    expect(await ask('db', 'a')).to.equal(200)
    expect(await ask('web', 'a')).to.equal(200)
    await reload(config({ db: 2, workers: 1 }), /has been reloaded/)
    expect(await ask('db', 'b')).to.equal(200)
    expect(await ask('db', 'c')).to.equal('failed_lock_semaphore_full')
    expect(await ask('workers', 'a')).to.equal(200)
    expect(await ask('web', 'b')).to.equal('unknown_group')
  })

  it('still takes back the slots of a group that it has removed', async () => {
    await start(config({ web: 1 }))
    expect(await ask('web', 'a')).to.equal(200)
    await reload(config({}), /has been reloaded/)
    const gone = await steadyState(daemon.serviceUrl, { group: 'web', id: 'a' })
    expect(gone.status).to.equal(200)
    await reload(config({ web: 1 }), /has been reloaded/)
    expect(await ask('web', 'b')).to.equal(200)
  })

  it('takes back slots of a removed group after a restart too', async () => {
    await start(config({ web: 1 }))
    expect(await ask('web', 'a')).to.equal(200)
    await daemon.stop()
    await start(config({}))
    await eventually(async () => {
      const { status } = await steadyState(daemon.serviceUrl, { group: 'web', id: 'a' })
      expect(status).to.equal(200)
    })
    const unknown = await steadyState(daemon.serviceUrl, { group: 'nowhere', id: 'a' })
    expect([unknown.status, unknown.kind]).to.deep.equal([400, 'unknown_group'])
  })

  it('refuses an invalid file whole, names its problems, and goes on', async () => {
    await start(config({ db: 1 }))
    const line = await reload(
      config({ db: 5, web: 2 }, '[log]\nformat = 1\n'),
      /level=error .*the old one stays in force/,
    )
    expect(line).to.include('log.format: expected')
    expect(await ask('db', 'a')).to.equal(200)
    expect(await ask('db', 'b')).to.equal('failed_lock_semaphore_full')
    expect(await ask('web', 'a')).to.equal('unknown_group')
  })

  it('names what needs a restart and leaves it', async () => {
    await start(config({}))
    const before = daemon.serviceUrl
    const text = config({}, '[log]\nformat = "json"\n').replace('port = 0', 'port = 1')
    const line = await reload(text, /has been reloaded/)
    expect(line).to.match(/needs_restart="service,log\.format"/)
    expect((await sendRequest(`${before}/v1/pre-reboot`)).status).to.equal(405)
  })

  it('changes the log level, unless the command line has set it', async () => {
    await start(config({}), [])
    await ask('default', 'a')
    expect(daemon.logs.some((text) => text.includes('level=info'))).to.equal(false)
    await reload(config({}, '[log]\nlevel = "info"\n'), /has been reloaded/)
    await ask('default', 'a')
    await daemon.logged(/level=info msg="giving green flag/)
  })

  it('shows the slots and groups that it has changed in the metrics', async () => {
    await start(config({ db: 1, web: 1 }))
    await reload(config({ db: 3 }), /has been reloaded/)
    await eventually(async () => {
      const { body } = await sendRequest(`${daemon.statusUrl}/metrics`)
      expect(body).to.include('airlock_config_groups 2')
      expect(body).to.include('airlock_config_semaphore_slots{group="db"} 3')
      expect(body).to.include('airlock_database_semaphore_slots{group="db"} 3')
      expect(body).to.not.include('group="web"')
    })
  })

  it('shows no waiters of a group that it has removed, and still those of the others', async () => {
    const waiting = (groups: Record<string, number>): string =>
      config(groups).replace('default_slots = 1', 'default_slots = 1\nwait_timeout_ms = 15000')
    await start(waiting({ db: 1, web: 1 }))
    for (const group of ['db', 'web']) expect(await ask(group, 'a')).to.equal(200)
    const [toStay, toGo] = [ask('db', 'b'), ask('web', 'b')]
    const waiters = async (): Promise<readonly string[]> => {
      const { body } = await sendRequest(`${daemon.statusUrl}/metrics`)
      return body.match(/^airlock_waiters\{.*$/gm) ?? []
    }
    const [db, web] = ['airlock_waiters{group="db"} 1', 'airlock_waiters{group="web"} 1']
    await eventually(async () => expect(await waiters()).to.have.members([db, web]))
    await reload(waiting({ db: 1 }), /has been reloaded/)
    expect(await toGo).to.equal('unknown_group')
    const left = await waiters()
    await steadyState(daemon.serviceUrl, { group: 'db', id: 'a' })
    expect(await toStay).to.equal(200)
    expect(left).to.deep.equal([db])
  })

  describe('under systemd', () => {
    let receiver: NotifyReceiver

    beforeEach(async () => {
      receiver = await startNotifyReceiver()
    })

    afterEach(() => receiver.close())

    async function startNotifying(environment: Record<string, string>): Promise<void> {
      await writeFile(file, config({}))
      daemon = await runDaemon({
        configPath: file,
        environment: { NOTIFY_SOCKET: receiver.socket, ...environment },
      })
      await daemon.ready()
    }

    it('tells that it is ready, reloads and stops', async () => {
      await startNotifying({})
      await eventually(() => expect(receiver.messages).to.deep.equal(['READY=1']))
      await reload(config({ db: 1 }), /has been reloaded/)
      await eventually(() => expect(receiver.messages).to.have.length(3))
      expect(receiver.messages[1]).to.match(/^RELOADING=1 MONOTONIC_USEC=\d+$/)
      expect(receiver.messages[2]).to.equal('READY=1')
      expect(await daemon.stop()).to.deep.equal({ code: 0, signal: null })
      expect(receiver.messages.slice(3)).to.deep.equal(['STOPPING=1'])
    })

    it('is ready again after a reload that it has refused', async () => {
      await startNotifying({})
      await reload('nonsense', /the old one stays in force/)
      await eventually(() => expect(receiver.messages).to.have.length(3))
      expect(receiver.messages.at(-1)).to.equal('READY=1')
    })

    it('tells the watchdog again and again that it lives', async () => {
      await startNotifying({ WATCHDOG_USEC: '200000' })
      await eventually(() => {
        const pings = receiver.messages.filter((message) => message === 'WATCHDOG=1')
        expect(pings.length).to.be.at.least(3)
      })
    })

    it('serves all the same, and warns, where systemd cannot be told', async () => {
      await receiver.close()
      await startNotifying({})
      await daemon.logged(/level=warn msg="systemd could not be told/)
      expect(await ask('default', 'a')).to.equal(200)
    })
  })
})
