import { once } from 'node:events'
import { copyFile, writeFile } from 'node:fs/promises'
import { request as requestHttp } from 'node:http'
import { Agent, request } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { readServerTls } from '../../lib/credentials/server-tls.js'
import { systemClock } from '../../lib/daemon/system-clock.js'
import { LISTENER_BOUNDS } from '../../lib/http/bounds.js'
import { Listener } from '../../lib/http/listener.js'
import { certificates, type CertificateFiles, type Certificates } from '../support/certificates.js'
import { preReboot, sendRequest } from '../support/fleetlock-request.js'
import { runAirlock } from '../support/run-airlock.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'

/** The keys of a section, with an address and any free port. */
interface Sections {
  readonly service?: readonly string[]
  readonly status?: readonly string[]
}

function configOf({ service = [], status = [] }: Sections): string {
  return [
    '[service]\nport = 0',
    ...service,
    '[status]\nport = 0',
    ...status,
    '[store]\nkind = "embedded"\npath = "airlock.db"',
  ].join('\n')
}

describe('TLS', () => {
  let files: Certificates
  let folder: TempFolder
  let daemon: Daemon | undefined
  let agents: Agent[]

  before(async () => {
    files = await certificates()
    folder = await createTempFolder()
  })
  after(() => folder.remove())

  beforeEach(() => {
    agents = []
  })
  afterEach(async () => {
    for (const agent of agents) agent.destroy()
    await daemon?.kill()
    daemon = undefined
  })

  function tlsKeys({ certPath, keyPath }: CertificateFiles, ...more: string[]): readonly string[] {
    return [
      'tls = true',
      `tls_cert_path = ${JSON.stringify(certPath)}`,
      `tls_key_path = ${JSON.stringify(keyPath)}`,
      ...more,
    ]
  }

  async function start(sections: Sections): Promise<Daemon> {
    const configPath = await folder.write('config.toml', configOf(sections))
    daemon = await runDaemon({ configPath })
    return daemon.ready()
  }

  const secure = (url: string): string => url.replace(/^http:/, 'https:')

  function agentOf(client?: CertificateFiles, more: { keepAlive?: boolean } = {}): Agent {
    const agent = new Agent({
      ca: readFileSync(files.caPath),
      ...(client && { cert: readFileSync(client.certPath), key: readFileSync(client.keyPath) }),
      ...more,
    })
    agents.push(agent)
    return agent
  }

  /** Connects; resolves to the protocol and the certificate's serial, or the error's code. */
  async function handshake(url: string, options: ConnectionOptions = {}): Promise<string[]> {
    const { hostname, port } = new URL(url)
    const ca = readFileSync(files.caPath)
    const socket = connect({ host: hostname, port: Number(port), ca, ...options })
    try {
      await once(socket, 'secureConnect')
      return [socket.getProtocol() ?? '', socket.getPeerCertificate().serialNumber]
    } catch (error) {
      return [(error as NodeJS.ErrnoException).code ?? String(error)]
    } finally {
      socket.destroy()
    }
  }

  async function serialOf({ certPath }: CertificateFiles): Promise<string> {
    const { X509Certificate } = await import('node:crypto')
    return new X509Certificate(readFileSync(certPath)).serialNumber
  }

  it('serves both services over TLS 1.3, and a grant with it', async () => {
    const { serviceUrl, statusUrl } = await start({
      service: tlsKeys(files.server),
      status: tlsKeys(files.lastingServer),
    })
    const agent = agentOf()
    const node = { group: 'default', id: 'a' }
    expect((await preReboot(secure(serviceUrl), node, { agent })).status).to.equal(200)
    expect((await sendRequest(`${secure(statusUrl)}/livez`, { agent })).body).to.equal('ok\n')
    expect(await handshake(serviceUrl)).to.deep.equal(['TLSv1.3', await serialOf(files.server)])
    const { body } = await sendRequest(`${secure(statusUrl)}/metrics`, { agent })
    const [line = ''] =
      /^airlock_certificate_expiry_timestamp_seconds\{service="status"\} \d+$/m.exec(body) ?? []
    const days = (Number(line.split(' ')[1]) * 1000 - Date.now()) / 86_400_000
    expect(Math.round(days)).to.equal(90)
    expect(body).to.include('airlock_certificate_expiry_timestamp_seconds{service="service"}')
    await daemon?.logged(/level=info msg="a first request: curl .* https:/)
  })

  it('speaks TLS 1.2, and nothing older', async () => {
    const { serviceUrl } = await start({ service: tlsKeys(files.server) })
    const older = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    expect((await handshake(serviceUrl, { maxVersion: 'TLSv1.2' }))[0]).to.equal('TLSv1.2')
    for (const maxVersion of ['TLSv1.1', 'TLSv1'] as const) {
      const [code = ''] = await handshake(serviceUrl, { ...older, maxVersion })
      expect(code).to.match(/^ERR_SSL_.*PROTOCOL_VERSION|ECONNRESET/)
    }
    await daemon?.logged(
      /level=debug msg="no TLS connection came about" service=service client=127/,
    )
  })

  it('gives plain HTTP no answer, and goes on', async () => {
    const { serviceUrl } = await start({ service: tlsKeys(files.server) })
    const plain = requestHttp(serviceUrl).end()
    const [error] = (await once(plain, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).to.equal('ECONNRESET')
    expect((await handshake(serviceUrl))[0]).to.equal('TLSv1.3')
  })

  it('warns of a certificate that expires soon, and not of one that lasts', async () => {
    await start({ service: tlsKeys(files.server), status: tlsKeys(files.lastingServer) })
    await daemon?.logged(/level=warn msg="the certificate expires soon" service=service /)
    const lines = daemon?.logs.filter((line) => line.includes('the certificate')) ?? []
    expect(lines).to.have.length(1)
  })

  it('serves a certificate that has expired, and says so', async () => {
    const { serviceUrl } = await start({ service: tlsKeys(files.expiredServer) })
    await daemon?.logged(/level=error msg="the certificate has expired" service=service /)
    expect(await handshake(serviceUrl)).to.deep.equal(['CERT_HAS_EXPIRED'])
  })

  describe('with files that change', function () {
    // A change is seen after three seconds and a half, and some tests make three.
    this.timeout(60_000)
    let pair: CertificateFiles

    beforeEach(async () => {
      pair = { certPath: folder.file('cert.pem'), keyPath: folder.file('key.pem') }
      await install(files.lastingServer)
    })

    async function install({ certPath, keyPath }: CertificateFiles): Promise<void> {
      await copyFile(certPath, pair.certPath)
      await copyFile(keyPath, pair.keyPath)
    }

    /** Asks over an agent's connection; resolves to the socket, which stays open. */
    async function ask(url: string, agent: Agent): Promise<TLSSocket> {
      const asked = request(`${secure(url)}/v1/pre-reboot`, { agent }).end()
      const [response] = (await once(asked, 'response')) as [import('node:http').IncomingMessage]
      expect(response.statusCode).to.equal(405)
      const socket = response.socket as TLSSocket
      response.resume()
      await once(response, 'end')
      return socket
    }

    it('shows the new certificate to new connections, and drops none', async () => {
      const { serviceUrl } = await start({ service: tlsKeys(pair) })
      const agent = agentOf(undefined, { keepAlive: true })
      const before = await ask(serviceUrl, agent)
      await install(files.server)
      await daemon?.logged(
        /level=notice msg="another certificate is in force" service=service /,
        6000,
      )
      expect((await handshake(serviceUrl))[1]).to.equal(await serialOf(files.server))
      const after = await ask(serviceUrl, agent)
      expect(after).to.equal(before)
      expect(after.getPeerCertificate().serialNumber).to.equal(await serialOf(files.lastingServer))
      const [old = ''] = await handshake(serviceUrl, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })
      expect(old).to.not.match(/^TLS/)
    })

    it('keeps the old certificate while the new one cannot be used, and says why', async () => {
      const { serviceUrl } = await start({ service: tlsKeys(pair) })
      await writeFile(pair.certPath, 'no certificate')
      const line = await daemon?.logged(
        /level=error msg="the new certificate cannot be used/,
        15_000,
      )
      expect(line).to.include(`service.tls_cert_path: ${pair.certPath} is not a PEM certificate`)
      expect((await handshake(serviceUrl))[1]).to.equal(await serialOf(files.lastingServer))
      await install(files.expiredServer)
      const second = await daemon?.logged(/tls_cert_path: it has expired/, 15_000)
      expect(second).to.include('the old one stays in force')
      expect((await handshake(serviceUrl))[1]).to.equal(await serialOf(files.lastingServer))
      await install(files.server)
      await daemon?.logged(/another certificate is in force/, 15_000)
      expect((await handshake(serviceUrl))[1]).to.equal(await serialOf(files.server))
    })

    it('looks at the files at once when it is told to reload', async () => {
      const { serviceUrl } = await start({ service: tlsKeys(pair) })
      await install(files.server)
      daemon?.signal('SIGHUP')
      await daemon?.logged(/has been reloaded/, 2000)
      expect((await handshake(serviceUrl))[1]).to.equal(await serialOf(files.server))
    })

    it('refuses a reload whole whose files cannot be used', async () => {
      const { serviceUrl } = await start({ service: tlsKeys(pair) })
      await folder.write(
        'config.toml',
        configOf({ service: tlsKeys({ ...pair, keyPath: '/nowhere/key.pem' }) }),
      )
      daemon?.signal('SIGHUP')
      const line = await daemon?.logged(/configuration is invalid/)
      expect(line).to.include('service.tls_key_path: cannot read /nowhere/key.pem: no such file')
      expect((await handshake(serviceUrl))[1]).to.equal(await serialOf(files.lastingServer))
    })
  })

  describe('with an authority for clients', () => {
    let url: string

    beforeEach(async () => {
      const keys = tlsKeys(files.server, `tls_client_ca_path = ${JSON.stringify(files.caPath)}`)
      ;({ serviceUrl: url } = await start({ service: keys }))
    })

    const ask = async (client?: CertificateFiles): Promise<number | string> => {
      const node = { group: 'default', id: 'a' }
      try {
        return (await preReboot(secure(url), node, { agent: agentOf(client) })).status
      } catch (error) {
        return ((error as Error).cause as NodeJS.ErrnoException).code ?? 'an error'
      }
    }

    it('lets in who has a certificate from it', async () => {
      expect(await ask(files.client)).to.equal(200)
    })

    it('lets in nobody without one, with one of somebody else, or with one that has expired', async () => {
      const answers = [await ask(), await ask(files.otherClient), await ask(files.expiredClient)]
      for (const answer of answers) expect(answer).to.match(/^(ERR_SSL_|ECONNRESET|EPIPE)/)
      expect(await ask(files.client)).to.equal(200)
    })
  })

  it('names everything that is wrong with its files at once, and does not start', async () => {
    const configPath = await folder.write(
      'wrong.toml',
      configOf({
        service: tlsKeys(
          { certPath: files.garbagePath, keyPath: '/nowhere/key.pem' },
          `tls_client_ca_path = ${JSON.stringify(files.garbagePath)}`,
          'htpasswd_path = "/nowhere/htpasswd"',
        ),
        status: tlsKeys(files.mismatched),
      }),
    )
    const { exitCode, stderr } = await runAirlock(['serve', '-c', configPath])
    expect(exitCode).to.equal(2)
    const lines = stderr.trim().split('\n').slice(1)
    expect(lines.map((line) => line.trim().replace(/\(.*\)$/, '(…)'))).to.deep.equal([
      'service.tls_key_path: cannot read /nowhere/key.pem: no such file',
      `service.tls_cert_path: ${files.garbagePath} is not a PEM certificate (…)`,
      `service.tls_client_ca_path: ${files.garbagePath} is not a PEM bundle of certificates`,
      'service.htpasswd_path: cannot read /nowhere/htpasswd: no such file',
      `status.tls_key_path: ${files.mismatched.keyPath} is not the key of the certificate ${files.mismatched.certPath}`,
    ])
    const checked = await runAirlock(['check-config', '-c', configPath])
    expect(checked.exitCode).to.equal(0)
    const warnings = checked.stderr.split('\n').filter((line) => line.includes('refuses to start'))
    expect(warnings).to.have.length(5)
  })

  it('is not held up at its end by who does not finish a handshake', async () => {
    const { value } = await readServerTls({
      certificate: { path: 'a', file: files.server.certPath },
      key: { path: 'b', file: files.server.keyPath },
    })
    if (value === undefined) throw new Error('the pair is good')
    const bounds = { ...LISTENER_BOUNDS, drainMs: 200 }
    const tls = { tls: value, onHandshakeFailed: () => undefined }
    const listener = new Listener(() => undefined, systemClock, bounds, tls)
    await listener.listen('127.0.0.1', 0)
    const silent = connectPlain(Number(listener.addresses[0]?.split(':')[1]), '127.0.0.1')
    const closed = once(silent, 'close')
    await once(silent, 'connect')
    // Until the server has it too.
    await sleep(50)
    const begun = performance.now()
    await listener.close()
    await closed
    expect(performance.now() - begun).to.be.lessThan(2000)
  })
})
