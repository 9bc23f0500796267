import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { request } from 'node:https'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { CERTIFICATES_SCRIPT, makeContribCertificates } from '../support/contrib-certificates.js'
import { etcdConfig } from '../support/etcd-config.js'
import { startEtcd, type EtcdServer } from '../support/etcd-server.js'
import { runDaemon, type Daemon } from '../support/run-daemon.js'
import type { TempFolder } from '../support/temp-folder.js'

const run = promisify(execFile)

describe('contrib/tls', () => {
  let folder: TempFolder
  let etcd: EtcdServer | undefined
  let daemon: Daemon | undefined

  before(async () => {
    folder = await makeContribCertificates()
  })
  after(() => folder.remove())
  afterEach(async () => {
    await daemon?.kill()
    await etcd?.stop()
    daemon = undefined
    etcd = undefined
  })

  const pair = (name: string): { readonly certPath: string; readonly keyPath: string } => ({
    certPath: folder.file(`${name}.pem`),
    keyPath: folder.file(`${name}-key.pem`),
  })

  /** The status of a pre-reboot over TLS, trusting nobody but the CA. */
  async function preReboot(port: number): Promise<number | undefined> {
    const ca = await readFile(folder.file('ca.pem'))
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: 'localhost',
          port,
          path: '/v1/pre-reboot',
          method: 'POST',
          headers: { 'fleet-lock-protocol': 'true' },
          agent: false,
          ca,
        },
        (response) => response.resume().once('close', () => resolve(response.statusCode)),
      )
      sent.once('error', reject)
      sent.end(JSON.stringify({ client_params: { id: 'a', group: 'default' } }))
    })
  }

  it('makes what an etcd, the daemon and its clients verify each other with', async () => {
    const caPath = folder.file('ca.pem')
    etcd = await startEtcd({
      tls: { caPath, server: pair('etcd1.example.com'), client: pair('client') },
    })
    const { certPath, keyPath } = pair('service')
    const config = etcdConfig(etcd).replace(
      '[status]',
      `tls = true\ntls_cert_path = "${certPath}"\ntls_key_path = "${keyPath}"\n[status]`,
    )
    daemon = await runDaemon({ config })
    await daemon.ready()
    expect(await preReboot(Number(new URL(daemon.serviceUrl).port))).to.equal(200)
    expect(daemon.logs.filter((line) => line.includes('level=warn'))).to.deep.equal([])
  })

  it('names each server by all the names it was given', async () => {
    const { subjectAltName = '' } = new X509Certificate(
      await readFile(folder.file('etcd1.example.com.pem')),
    )
    expect(subjectAltName).to.include('DNS:etcd1.example.com, IP Address:10.0.1.33')
  })

  it('shows the keys to nobody but their owner', async () => {
    for (const name of ['ca-key', 'client-key', 'service-key', 'etcd1.example.com-key']) {
      expect((await stat(folder.file(`${name}.pem`))).mode & 0o777, name).to.equal(0o600)
    }
  })

  it('renews a certificate under the same authority', async () => {
    const { certPath } = pair('client')
    const before = new X509Certificate(await readFile(certPath))
    await run(CERTIFICATES_SCRIPT, [folder.path, 'client'])
    const after = new X509Certificate(await readFile(certPath))
    const authority = new X509Certificate(await readFile(folder.file('ca.pem')))
    expect(after.serialNumber).to.not.equal(before.serialNumber)
    expect(after.verify(authority.publicKey)).to.equal(true)
  })

  it('never replaces an authority', async () => {
    const refused = await run(CERTIFICATES_SCRIPT, [folder.path, 'ca']).catch(
      (error: unknown) => error as { readonly code: number; readonly stderr: string },
    )
    expect(refused).to.include({ code: 1 })
    expect(refused.stderr).to.include('ca-key.pem is there already')
  })
})
