import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { certificates } from '../support/certificates.js'
import { eventually } from '../support/eventually.js'
import { preReboot } from '../support/fleetlock-request.js'
import { findFreePort } from '../support/free-port.js'
import { runAirlock, type AirlockResult } from '../support/run-airlock.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

describe('airlock healthcheck', () => {
  let folder: TempFolder
  let configPath: string
  let servicePort: number
  let statusPort: number
  let daemon: Daemon | undefined
  let impostor: Server | undefined

  beforeEach(async () => {
    folder = await createTempFolder()
    servicePort = await findFreePort()
    statusPort = await findFreePort()
  })
  afterEach(async () => {
    await daemon?.kill()
    daemon = undefined
    impostor?.closeAllConnections()
    impostor?.close()
    impostor = undefined
    await folder.remove()
  })

  interface Sections {
    readonly service?: readonly string[]
    readonly status?: readonly string[]
    readonly store?: string
  }

  async function configure({ service = [], status = [], store }: Sections = {}): Promise<void> {
    const lines = [
      `[service]\nport = ${servicePort}`,
      ...service,
      `[status]\nport = ${statusPort}`,
      ...status,
      store ?? `[store]\nkind = "embedded"\npath = ${JSON.stringify(folder.file('airlock.db'))}`,
    ]
    configPath = await folder.write('config.toml', lines.join('\n'))
  }

  async function serve(sections: Sections = {}): Promise<void> {
    await configure(sections)
    daemon = await runDaemon({ configPath })
    await daemon.ready()
  }

  function healthcheck(...args: readonly string[]): Promise<AirlockResult> {
    return runAirlock(['healthcheck', '-c', configPath, ...args])
  }

  async function tlsKeys(): Promise<readonly string[]> {
    const { server } = await certificates()
    return [
      'tls = true',
      `tls_cert_path = ${JSON.stringify(server.certPath)}`,
      `tls_key_path = ${JSON.stringify(server.keyPath)}`,
    ]
  }

  const HEALTHY: AirlockResult = { exitCode: 0, stdout: '', stderr: '' }

  it('exits 0 without a word while the daemon is alive, and while it is ready', async () => {
    await serve()
    expect(await healthcheck()).to.deep.equal(HEALTHY)
    expect(await healthcheck('--ready')).to.deep.equal(HEALTHY)
  })

  it('exits 1 and says why where nobody answers', async () => {
    await configure()
    const { exitCode, stderr } = await healthcheck()
    expect(exitCode).to.equal(1)
    expect(stderr).to.match(
      new RegExp(
        `^airlock: http://127\\.0\\.0\\.1:${statusPort}/livez: connect ECONNREFUSED .*\\n$`,
      ),
    )
  })

  it('takes a daemon whose store is down for alive, and not for ready', async () => {
    const etcdPort = await findFreePort()
    await serve({
      store: `[etcd3]\nendpoints = ["http://127.0.0.1:${etcdPort}"]\ntransaction_timeout_ms = 500`,
    })
    expect(await healthcheck()).to.deep.equal(HEALTHY)
    const { exitCode, stderr } = await healthcheck('--ready')
    expect(exitCode).to.equal(1)
    expect(stderr).to.include('/readyz: 503 the store cannot be used')
  })

  it('exits 1 within some seconds where a daemon is frozen', async () => {
    await serve()
    daemon?.signal('SIGSTOP')
    const { exitCode, stderr } = await healthcheck()
    expect([exitCode, stderr]).to.deep.equal([
      1,
      `airlock: http://127.0.0.1:${statusPort}/livez: no answer in time\n`,
    ])
  })

  it('asks the loopback where the daemon listens on every address', async () => {
    await serve({ status: ['address = "0.0.0.0"'] })
    expect(await healthcheck()).to.deep.equal(HEALTHY)
  })

  it('accepts whatever certificate the status service shows', async () => {
    await serve({ status: await tlsKeys() })
    expect(await healthcheck()).to.deep.equal(HEALTHY)
  })

  describe('where the status service is off', () => {
    const off = ['enabled = false']

    it('asks the main service, and takes no slot', async () => {
      await serve({ status: off })
      expect(await healthcheck()).to.deep.equal(HEALTHY)
      const answer = await preReboot(daemon?.serviceUrl ?? '', { group: 'default', id: 'a' })
      expect(answer.status).to.equal(200)
    })

    it('asks it over TLS, too', async () => {
      await serve({ status: off, service: await tlsKeys() })
      expect(await healthcheck()).to.deep.equal(HEALTHY)
    })

    it('needs no client certificate', async () => {
      const { caPath } = await certificates()
      const authority = `tls_client_ca_path = ${JSON.stringify(caPath)}`
      await serve({ status: off, service: [...(await tlsKeys()), authority] })
      expect(await healthcheck()).to.deep.equal(HEALTHY)
    })

    it('exits 1 where something else answers', async () => {
      await configure({ status: off })
      impostor = createServer((_request, response) => response.end('hello'))
      const server = impostor.listen(servicePort, '127.0.0.1')
      await eventually(() => expect((server.address() as AddressInfo).port).to.equal(servicePort))
      const { exitCode, stderr } = await healthcheck()
      const url = `http://127.0.0.1:${servicePort}/v1/pre-reboot`
      expect([exitCode, stderr]).to.deep.equal([1, `airlock: ${url}: 200 hello\n`])
    })

    it('cannot tell about readiness', async () => {
      await configure({ status: off })
      const { exitCode, stderr } = await healthcheck('--ready')
      expect([exitCode, stderr]).to.deep.equal([
        2,
        'airlock: --ready asks the status service: status.enabled is false\n',
      ])
    })
  })

  it('exits 2 where any free port was asked for, which it cannot know', async () => {
    statusPort = 0
    await configure()
    const { exitCode, stderr } = await healthcheck()
    expect([exitCode, stderr]).to.deep.equal([
      2,
      'airlock: status.port is 0: only the daemon knows its port\n',
    ])
  })

  it('exits 2 and prints every problem of a configuration', async () => {
    await configure({ status: ['adress = "::1"'] })
    const { exitCode, stderr } = await healthcheck()
    expect(exitCode).to.equal(2)
    expect(stderr).to.include('status.adress: unknown key; did you mean "address"?')
  })
})
