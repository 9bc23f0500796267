import { expect } from 'chai'
import { certificates, type Certificates } from '../support/certificates.js'
import { etcdConfig } from '../support/etcd-config.js'
import type { EtcdAccess } from '../support/etcd-server.js'
import { preReboot, sendRequest } from '../support/fleetlock-request.js'
import { runAirlock } from '../support/run-airlock.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import { sharedEtcd } from '../support/shared-etcd.js'
import { createTempFolder, type TempFolder } from '../support/temp-folder.js'
import { uniqueGroup } from '../support/unique-group.js'

/** Paths of the client's TLS files; undefined leaves the key out. */
interface Files {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

describe('mutual TLS with etcd', () => {
  let etcd: EtcdAccess
  let files: Certificates
  let folder: TempFolder
  let daemon: Daemon | undefined

  before(async () => {
    etcd = await sharedEtcd('mutual-tls')
    files = await certificates()
    folder = await createTempFolder()
  })

  after(() => folder.remove())

  afterEach(async () => {
    await daemon?.kill()
    daemon = undefined
  })

  function config({ ca, cert, key }: Files, endpoints = etcd.namedEndpoints): string {
    const line = (name: string, path: string | undefined): string[] =>
      path === undefined ? [] : [`${name} = ${JSON.stringify(path)}`]
    return etcdConfig(
      { ...etcd, tls: undefined },
      {
        endpoints,
        timeoutMs: 1000,
        etcd3: [
          ...line('ca_cert_path', ca),
          ...line('client_cert_pub_path', cert),
          ...line('client_cert_key_path', key),
        ].join('\n'),
      },
    )
  }

  async function start(text: string, environment: Record<string, string> = {}): Promise<Daemon> {
    daemon = await runDaemon({ config: text, environment })
    return daemon.ready()
  }

  const client = (): Files => ({ cert: files.client.certPath, key: files.client.keyPath })

  it("trusts the system's roots when no CA is given", async () => {
    const { serviceUrl } = await start(config(client()), { SSL_CERT_FILE: files.caPath })
    const answer = await preReboot(serviceUrl, { group: 'default', id: uniqueGroup() })
    expect(answer.status).to.be.oneOf([200, 423])
  })

  it('uses no certificate with http endpoints, and warns', async () => {
    const plain = await sharedEtcd('plain')
    const text = config({ ca: files.caPath, ...client() }, plain.namedEndpoints)
    const { serviceUrl, logs } = await start(text)
    const answer = await preReboot(serviceUrl, { group: 'default', id: uniqueGroup() })
    expect(answer.status).to.be.oneOf([200, 423])
    const warning = logs.find((line) => line.includes('at=etcd3.client_cert_pub_path'))
    expect(warning).to.match(/^time="[^"]+" level=warn .*not used/)
  })

  describe('refuses at the start, naming the file and the reason,', () => {
    async function refused(text: string): Promise<string> {
      const path = await folder.write('config.toml', text)
      const { exitCode, stderr } = await runAirlock(['serve', '-c', path])
      expect(exitCode).to.equal(2)
      return stderr
    }

    const cases: readonly (readonly [
      name: string,
      pick: (files: Certificates) => Files,
      expected: (files: Certificates) => RegExp,
    ])[] = [
      [
        'a client certificate that is garbage',
        (it) => ({ cert: it.garbagePath, key: it.client.keyPath }),
        (it) => new RegExp(`client_cert_pub_path: ${it.garbagePath} is not a PEM certificate`),
      ],
      [
        'a key that is garbage',
        (it) => ({ cert: it.client.certPath, key: it.garbagePath }),
        (it) => new RegExp(`client_cert_key_path: ${it.garbagePath} is not an unencrypted PEM`),
      ],
      [
        'a certificate authority that is garbage',
        (it) => ({ ca: it.garbagePath }),
        (it) => new RegExp(`ca_cert_path: ${it.garbagePath} is not a PEM bundle`),
      ],
      [
        'an expired client certificate',
        (it) => ({ cert: it.expiredClient.certPath, key: it.expiredClient.keyPath }),
        (it) => new RegExp(`${it.expiredClient.certPath} has expired on 20`),
      ],
      [
        'the key of another certificate',
        (it) => ({ cert: it.mismatched.certPath, key: it.mismatched.keyPath }),
        (it) => new RegExp(`${it.mismatched.keyPath} is not the key of the certificate`),
      ],
      [
        'a certificate without its key',
        (it) => ({ cert: it.client.certPath }),
        () => /client_cert_key_path/,
      ],
      [
        'a key without its certificate',
        (it) => ({ key: it.client.keyPath }),
        () => /client_cert_pub_path/,
      ],
      [
        'a file that is not there',
        (it) => ({ cert: '/nowhere/cert.pem', key: it.client.keyPath }),
        () => /client_cert_pub_path: cannot read \/nowhere\/cert.pem: no such file/,
      ],
    ]
    for (const [name, pick, expected] of cases) {
      it(name, async () => {
        const base = { ca: files.caPath }
        expect(await refused(config({ ...base, ...pick(files) }))).to.match(expected(files))
      })
    }
  })

  describe('stays alive, answers 503, and says in the log why', () => {
    async function troubled(text: string): Promise<string> {
      const { serviceUrl, statusUrl } = await start(text)
      const answer = await preReboot(serviceUrl, { group: 'default', id: 'a' })
      expect([answer.status, answer.kind]).to.deep.equal([503, 'store_unavailable'])
      expect((await sendRequest(`${statusUrl}/readyz`)).status).to.equal(503)
      expect((await sendRequest(`${statusUrl}/livez`)).status).to.equal(200)
      return (await daemon?.logged(/the store cannot be used/)) ?? ''
    }

    it('when etcd is not of an authority that we trust', async () => {
      const line = await troubled(config({ ca: files.otherCaPath, ...client() }))
      expect(line).to.include("etcd's certificate is not trusted")
    })

    it('when etcd refuses the certificate of another authority', async () => {
      const { certPath: cert, keyPath: key } = files.otherClient
      const line = await troubled(config({ ca: files.caPath, cert, key }))
      expect(line).to.include('etcd refused our client certificate')
    })

    it('when etcd wants a certificate and there is none', async () => {
      const line = await troubled(config({ ca: files.caPath }))
      expect(line).to.include('etcd refused our client certificate')
    })

    it('when the certificate is not made for clients, which is warned about too', async () => {
      const { certPath: cert, keyPath: key } = files.serverAuthOnly
      const line = await troubled(config({ ca: files.caPath, cert, key }))
      expect(line).to.include('etcd refused our client certificate')
      await daemon?.logged(/level=warn .*not made for TLS clients/)
    })

    it('when the endpoint does not speak TLS', async () => {
      const plain = await sharedEtcd('plain')
      const endpoints = plain.namedEndpoints.map((url) => url.replace('http:', 'https:'))
      const line = await troubled(config({ ca: files.caPath, ...client() }, endpoints))
      // Who notices first that the other speaks another protocol differs from run to run.
      expect(line).to.match(/does not speak TLS|that does not with http:/)
    })

    it('when the endpoint wants TLS and is named with http', async () => {
      const endpoints = etcd.namedEndpoints.map((url) => url.replace('https:', 'http:'))
      const line = await troubled(config({}, endpoints))
      expect(line).to.include('must begin with https://')
    })
  })
})
