import { appendFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { expect } from 'chai'
import { embeddedConfig } from '../support/embedded-config.js'
import { eventually } from '../support/eventually.js'
import {
  preReboot,
  sendRequest,
  steadyState,
  type FleetlockResponse,
  type RequestOptions,
} from '../support/fleetlock-request.js'
import { holdWriteLock } from '../support/hold-write-lock.js'
import { APACHE_ENTRIES, basicAuthorization, htpasswdOf } from '../support/htpasswd.js'
import { RawConnection } from '../support/raw-connection.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

const CHALLENGE = 'Basic realm="airlock", charset="UTF-8"'
const NODE = { group: 'default', id: 'a' }

describe('who is let in', () => {
  let folder: TempFolder
  let daemon: Daemon
  let agents: Agent[]

  beforeEach(async () => {
    folder = await createTempFolder()
    agents = []
  })
  afterEach(async () => {
    for (const agent of agents) agent.destroy()
    await daemon.kill()
    await folder.remove()
  })

  /** Serves with these keys; `rules` is TOML for groups. */
  async function start(
    keys: { readonly service?: string; readonly status?: string; readonly lock?: string },
    rules = '',
  ): Promise<void> {
    const { service = '', status = '', lock = '' } = keys
    const text = `[service]\nport = 0\n${service}\n[status]\nport = 0\n${status}
[store]\nkind = "embedded"\npath = "airlock.db"\n[lock]\ndefault_slots = 1000\n${lock}\n${rules}`
    daemon = await runDaemon({ configPath: await folder.write('config.toml', text) })
    await daemon.ready()
  }

  async function passwords(name: string, entries: Record<string, string>): Promise<string> {
    const file = await folder.write(name, htpasswdOf(entries))
    return `htpasswd_path = ${JSON.stringify(file)}`
  }

  /** Another source address of this machine. */
  function from(localAddress: string): Agent {
    const agent = new Agent({ localAddress })
    agents.push(agent)
    return agent
  }

  const as = (user: string, password: string, options: RequestOptions = {}): RequestOptions => ({
    ...options,
    headers: { ...basicAuthorization(user, password), ...options.headers },
  })
  const ask = (options: RequestOptions = {}, node = NODE): Promise<FleetlockResponse> =>
    preReboot(daemon.serviceUrl, node, options)
  const kindOf = ({ status, kind }: FleetlockResponse): string => `${status} ${kind ?? ''}`.trim()

  const UNAUTHORIZED = '401 unauthorized'
  const FORBIDDEN = '403 forbidden'
  const TOO_MANY = '429 too_many_requests'

  describe('by HTTP Basic', function () {
    // A change of the file is seen after three seconds and a half.
    this.timeout(60_000)

    it("knows the entries of Apache's htpasswd, and a URL's user and password", async () => {
      const lines = APACHE_ENTRIES.map(({ user, hash }) => `${user}:${hash}`).join('\n')
      const file = await folder.write('htpasswd', lines)
      await start({ service: `htpasswd_path = ${JSON.stringify(file)}` })
      for (const { user, password } of APACHE_ENTRIES) {
        expect((await ask(as(user, password))).status).to.equal(200)
      }
      const [{ user, password }] = APACHE_ENTRIES
      const url = new URL(`${daemon.serviceUrl}/v1/steady-state`)
      url.username = user
      url.password = password
      const { status } = await sendRequest(url.href, {
        method: 'POST',
        headers: { 'fleet-lock-protocol': 'true' },
        body: JSON.stringify({ client_params: NODE }),
      })
      expect(status).to.equal(200)
    })

    it('answers 401 with a challenge where credentials are missing or wrong', async () => {
      await start({ service: await passwords('htpasswd', { web: 'secret' }) })
      const answers = [
        await ask(),
        await ask(as('web', 'wrong')),
        await ask(as('nobody', 'secret')),
        await ask({ headers: { authorization: 'Bearer secret' } }),
        await steadyState(daemon.serviceUrl, NODE, as('web', 'wrong')),
      ]
      expect(answers.map(kindOf)).to.deep.equal(answers.map(() => UNAUTHORIZED))
      const challenges = answers.map(({ headers }) => headers['www-authenticate'])
      expect(challenges).to.deep.equal(answers.map(() => CHALLENGE))
      expect((await ask(as('web', 'secret'))).status).to.equal(200)
    })

    it('answers before the body has come', async () => {
      await start({ service: await passwords('htpasswd', { web: 'secret' }) })
      const connection = await RawConnection.open(daemon.serviceUrl)
      connection.write(
        'POST /v1/pre-reboot HTTP/1.1\r\nHost: a\r\nfleet-lock-protocol: true\r\nContent-Length: 100\r\n\r\n{',
      )
      const [response] = await connection.responses(1)
      expect(response?.status).to.equal(401)
      connection.destroy()
    })

    it('takes a body that came while the password was being checked', async () => {
      await start({ service: await passwords('htpasswd', { web: 'secret' }) })
      const asked = Array.from({ length: 20 }, (_, i) =>
        ask(as('web', 'secret'), { group: 'default', id: `n${i}` }),
      )
      const statuses = (await Promise.all(asked)).map(({ status }) => status)
      expect(new Set(statuses)).to.deep.equal(new Set([200]))
    })

    it('tells the log the user and the address, and no password', async () => {
      await start({ service: await passwords('htpasswd', { web: 'hunter2' }) })
      await ask(as('web', 'hunter2'))
      await ask(as('web', 'hunter3'))
      await ask(as('hunter4', 'x'))
      const red = /level=info msg="giving red flag .* outcome=unauthorized .* client=127\.0\.0\.1 /
      await eventually(() => {
        expect(daemon.logs.filter((line) => red.test(line))).to.have.length(2)
      })
      await daemon.logged(/level=info msg="giving green flag .* user=web client=127\.0\.0\.1 /)
      const text = daemon.logs.join('\n')
      for (const secret of ['hunter', ...['2', '3'].map((n) => btoa(`web:hunter${n}`))]) {
        expect(text).to.not.include(secret)
      }
    })

    it('reads the file again when it changes, and keeps the old one where it is bad', async () => {
      await start({ service: await passwords('htpasswd', { web: 'secret' }) })
      expect(kindOf(await ask(as('ops', 'other')))).to.equal(UNAUTHORIZED)
      expect((await ask(as('web', 'secret'))).status).to.equal(200)
      await passwords('htpasswd', { ops: 'other' })
      await daemon.logged(/level=notice msg="another password file is in force" .*users=1/, 15_000)
      expect((await ask(as('ops', 'other'))).status).to.equal(200)
      expect(kindOf(await ask(as('web', 'secret')))).to.equal(UNAUTHORIZED)
      await folder.write('htpasswd', 'ops:other\n')
      const line = await daemon.logged(
        /level=error msg="the new password file cannot be used/,
        6000,
      )
      expect(line).to.include('service.htpasswd_path').and.include('is no bcrypt hash')
      expect((await ask(as('ops', 'other'))).status).to.equal(200)
    })

    it('begins and ceases to ask for passwords at a reload', async () => {
      await start({})
      expect((await ask()).status).to.equal(200)
      const keys = await passwords('htpasswd', { web: 'secret' })
      const open = `[service]\nport = 0\n[status]\nport = 0\n[store]\nkind = "embedded"\npath = "airlock.db"\n`
      await folder.write('config.toml', open.replace('port = 0\n', `port = 0\n${keys}\n`))
      daemon.signal('SIGHUP')
      await eventually(async () => expect(kindOf(await ask())).to.equal(UNAUTHORIZED))
      await folder.write('config.toml', open)
      daemon.signal('SIGHUP')
      await eventually(async () => expect((await ask()).status).to.equal(200))
    })

    it('answers 429 after ten wrong ones, but not to who is known, nor to other addresses', async () => {
      await start({ service: await passwords('htpasswd', { web: 'secret', ops: 'other' }) })
      expect((await ask(as('web', 'secret'))).status).to.equal(200)
      const answers: string[] = []
      for (let i = 0; i < 12; i += 1) answers.push(kindOf(await ask(as('web', `guess ${i}`))))
      expect(answers).to.deep.equal([
        ...Array.from({ length: 10 }, () => UNAUTHORIZED),
        ...[TOO_MANY, TOO_MANY],
      ])
      expect(kindOf(await ask(as('ops', 'other')))).to.equal(TOO_MANY)
      expect((await ask(as('web', 'secret'))).status).to.equal(200)
      expect(kindOf(await ask())).to.equal(UNAUTHORIZED)
      const agent = from('127.0.0.2')
      expect((await ask(as('ops', 'other', { agent }))).status).to.equal(200)
      const { body } = await sendRequest(`${daemon.statusUrl}/metrics`)
      expect(body).to.include(
        'airlock_credentials_refused_total{service="service",reason="wrong"} 10',
      )
      expect(body).to.include(
        'airlock_credentials_refused_total{service="service",reason="limited"} 3',
      )
      expect(body).to.include('airlock_requests_total{api="pre_reboot",outcome="unauthorized"} 11')
    })
  })

  describe('to a group', () => {
    it('by its users and ids, for locking and releasing', async () => {
      await start(
        { service: await passwords('htpasswd', { web: 'w', ops: 'o', 'db-1': 'd' }) },
        `[[lock.groups]]\nname = "db"\nslots = 9\nallowed_users = ["ops", "db-*"]
[[lock.groups]]\nname = "ids"\nslots = 9\nallowed_ids = ["0f", "ab*"]`,
      )
      const both = async (
        group: string,
        id: string,
        options: RequestOptions,
      ): Promise<string[]> => [
        kindOf(await preReboot(daemon.serviceUrl, { group, id }, options)),
        kindOf(await steadyState(daemon.serviceUrl, { group, id }, options)),
      ]
      const [yes, no] = [
        ['200', '200'],
        [FORBIDDEN, FORBIDDEN],
      ]
      expect(await both('db', 'x', as('web', 'w'))).to.deep.equal(no)
      expect(await both('db', 'x', as('ops', 'o'))).to.deep.equal(yes)
      expect(await both('db', 'x', as('db-1', 'd'))).to.deep.equal(yes)
      expect(await both('default', 'x', as('web', 'w'))).to.deep.equal(yes)
      expect(await both('ids', '0f', as('web', 'w'))).to.deep.equal(yes)
      expect(await both('ids', 'abc', as('web', 'w'))).to.deep.equal(yes)
      expect(await both('ids', '0fa', as('web', 'w'))).to.deep.equal(no)
      expect(await both('nowhere', 'x', as('web', 'w'))).to.deep.equal([
        '400 unknown_group',
        '400 unknown_group',
      ])
      const line = await daemon.logged(/outcome=forbidden/)
      expect(line).to.match(/group=db id=x outcome=forbidden .* user=web client=127\.0\.0\.1 /)
    })

    it('by the default rules, unless it has its own; a stranger frees no slot', async () => {
      await start(
        { lock: 'default_allowed_ids = ["m-*"]' },
        `[[lock.groups]]\nname = "same"\n[[lock.groups]]\nname = "open"\nallowed_ids = ["*"]`,
      )
      const tries = ['default', 'same', 'open'].map(async (group) =>
        kindOf(await steadyState(daemon.serviceUrl, { group, id: 'stranger' })),
      )
      expect(await Promise.all(tries)).to.deep.equal([FORBIDDEN, FORBIDDEN, '200'])
      expect((await ask({}, { group: 'default', id: 'm-1' })).status).to.equal(200)
    })

    describe('also after a wait for a slot', () => {
      const WAITING = 'wait_timeout_ms = 12000'
      const M1 = { group: 'default', id: 'm1' }
      const M2 = { group: 'default', id: 'm2' }

      const storePath = (): string => folder.file('airlock.db')
      const configOf = (service: string, lock: string): string =>
        embeddedConfig({ path: storePath(), more: `[lock]\n${WAITING}\n${lock}` }).replace(
          '[service]\n',
          `[service]\n${service}\n`,
        )

      async function startWith(service: string, lock = ''): Promise<void> {
        const configPath = await folder.write('config.toml', configOf(service, lock))
        daemon = await (await runDaemon({ configPath })).ready()
      }

      async function metric(name: string): Promise<string | undefined> {
        const { body } = await sendRequest(`${daemon.statusUrl}/metrics`)
        return new RegExp(`^${name}\\{group="default"\\} (\\d+)$`, 'm').exec(body)?.[1]
      }

      /** m1 holds the only slot, and m2 waits for it. */
      async function startWithWaiter(
        service = '',
        options: RequestOptions = {},
      ): Promise<{ readonly answer: Promise<FleetlockResponse> }> {
        await startWith(service)
        expect((await ask(options, M1)).status).to.equal(200)
        const answer = ask(options, M2)
        await eventually(async () => expect(await metric('airlock_waiters')).to.equal('1'))
        return { answer }
      }

      async function reload(service: string, lock = ''): Promise<void> {
        await folder.write('config.toml', configOf(service, lock))
        daemon.signal('SIGHUP')
        await daemon.logged(/has been reloaded/)
      }

      const release = async (options: RequestOptions = {}): Promise<number> =>
        (await steadyState(daemon.serviceUrl, M1, options)).status

      it('grants no slot to a machine whose id a reload has forbidden', async () => {
        const { answer } = await startWithWaiter()
        await reload('', 'default_allowed_ids = ["m1"]')
        expect(await release()).to.equal(200)
        const { status, kind, value } = await answer
        expect({ status, kind, value }).to.deep.equal({
          status: 403,
          kind: 'forbidden',
          value: 'this id may not use the group "default"',
        })
        await eventually(async () => {
          expect(await metric('airlock_database_semaphore_lock_holders')).to.equal('0')
        })
        expect((await ask({}, M1)).status).to.equal(200)
      })

      it('grants no slot to a machine whose user is no longer in the password file', async () => {
        const file = await passwords('htpasswd', { web: 'w', ops: 'o' })
        const { answer } = await startWithWaiter(file, as('web', 'w'))
        await passwords('htpasswd', { ops: 'o' })
        await reload(file)
        expect(await release(as('ops', 'o'))).to.equal(200)
        expect(kindOf(await answer)).to.equal(UNAUTHORIZED)
        expect((await ask(as('ops', 'o'), M1)).status).to.equal(200)
      })

      it('takes back the slot of a machine whose id is forbidden after its report', async () => {
        await startWith('', 'default_slots = 2')
        for (const node of [M1, M2]) expect((await ask({}, node)).status).to.equal(200)
        const letGo = holdWriteLock(storePath())
        // The first one is being written, the second one waits for its turn.
        const first = steadyState(daemon.serviceUrl, M2)
        await daemon.logged(/steady-state report.* id=m2/)
        const second = release()
        await daemon.logged(/steady-state report.* id=m1/)
        await reload('', 'default_slots = 2\ndefault_allowed_ids = ["m2"]')
        letGo()
        expect((await first).status).to.equal(200)
        expect(await second).to.equal(200)
      })

      it('grants it where a reload leaves it its right', async () => {
        const file = await passwords('htpasswd', { web: 'w' })
        const { answer } = await startWithWaiter(file, as('web', 'w'))
        await appendFile(folder.file('htpasswd'), htpasswdOf({ ops: 'o' }))
        await reload(file, 'default_allowed_ids = ["m*"]\ndefault_allowed_users = ["web"]')
        expect(await release(as('web', 'w'))).to.equal(200)
        expect((await answer).status).to.equal(200)
      })
    })

    it('by rules that a reload has changed', async () => {
      await start({ lock: 'default_allowed_ids = ["b"]' })
      expect(kindOf(await ask())).to.equal(FORBIDDEN)
      await folder.write('config.toml', embeddedConfig({ path: 'airlock.db' }))
      daemon.signal('SIGHUP')
      await eventually(async () => expect((await ask()).status).to.equal(200))
    })
  })

  it('limits pre-reboots of an address where told to, and never steady-states', async () => {
    await start({ service: 'max_requests_per_minute = 3' })
    const answers: string[] = []
    for (let i = 0; i < 4; i += 1) answers.push(kindOf(await ask()))
    expect(answers).to.deep.equal(['200', '200', '200', TOO_MANY])
    expect((await ask({ agent: from('127.0.0.2') })).status).to.equal(200)
    for (let i = 0; i < 20; i += 1) {
      expect((await steadyState(daemon.serviceUrl, NODE)).status).to.equal(200)
    }
  })

  describe('through proxies', () => {
    const forwarded = (addresses: string): RequestOptions => ({
      headers: { 'x-forwarded-for': addresses },
    })
    const clients = (): string[] =>
      daemon.logs
        .filter((line) => line.includes('flag to'))
        .map((line) => / client="?([^" ]+)/.exec(line)?.[1] ?? '')

    it('takes the address from a trusted proxy only', async () => {
      await start({ service: 'trusted_proxies = ["127.0.0.1", "10.0.0.0/8"]' })
      await ask(forwarded('203.0.113.7'))
      await ask(forwarded('198.51.100.1, 203.0.113.8, 10.1.2.3'))
      await ask(forwarded('2001:db8::5'))
      await ask(forwarded('unknown'))
      await ask({ ...forwarded('203.0.113.9'), agent: from('127.0.0.2') })
      await ask()
      await eventually(() => {
        expect(clients()).to.deep.equal([
          '203.0.113.7',
          '203.0.113.8',
          '2001:db8::5',
          '127.0.0.1',
          '127.0.0.2',
          '127.0.0.1',
        ])
      })
    })

    it('believes nobody unless told to', async () => {
      await start({})
      await ask(forwarded('203.0.113.7'))
      await eventually(() => expect(clients()).to.deep.equal(['127.0.0.1']))
    })

    it('counts by the same address', async () => {
      await start({ service: 'trusted_proxies = ["127.0.0.0/8"]\nmax_requests_per_minute = 1' })
      const answers = []
      for (const address of ['203.0.113.7', '203.0.113.8', '203.0.113.7']) {
        answers.push(kindOf(await ask(forwarded(address))))
      }
      expect(answers).to.deep.equal(['200', '200', TOO_MANY])
    })
  })

  it('guards the status service by a file of its own, but for the probes', async () => {
    await start({
      service: await passwords('htpasswd', { web: 'w' }),
      status: await passwords('status-htpasswd', { prometheus: 'p' }),
    })
    const look = async (path: string, options: RequestOptions = {}): Promise<number> =>
      (await sendRequest(daemon.statusUrl + path, options)).status
    expect([await look('/livez'), await look('/readyz')]).to.deep.equal([200, 200])
    expect([
      await look('/metrics'),
      await look('/status.json'),
      await look('/elsewhere'),
    ]).to.deep.equal([401, 401, 401])
    const { headers } = await sendRequest(`${daemon.statusUrl}/metrics`)
    expect(headers['www-authenticate']).to.equal(CHALLENGE)
    expect(await look('/metrics', as('web', 'w'))).to.equal(401)
    expect(await look('/metrics', as('prometheus', 'p'))).to.equal(200)
    expect(await look('/elsewhere', as('prometheus', 'p'))).to.equal(404)
    expect(kindOf(await ask(as('prometheus', 'p')))).to.equal(UNAUTHORIZED)
    await daemon.logged(/level=info msg="not let in" service=status reason=missing client=127/)
  })
})
