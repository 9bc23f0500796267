import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { once } from 'node:events'
import { expect } from 'chai'
import { certificates, type CertificateFiles } from '../support/certificates.js'
import { askEtcd } from '../support/etcd-gateway.js'
import { startEtcd, type EtcdServer } from '../support/etcd-server.js'
import { deleteRaw, getRaw, listRaw, putRaw } from '../support/etcdctl.js'
import { sharedEtcd } from '../support/shared-etcd.js'
import { TcpProxy } from '../support/tcp-proxy.js'
import { uniqueGroup } from '../support/unique-group.js'

const TIMEOUT_MS = 3_000

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('the shared etcd', () => {
  for (const kind of ['plain', 'mutual-tls'] as const) {
    it(`stores raw keys (${kind})`, async () => {
      const etcd = await sharedEtcd(kind)
      const prefix = `${uniqueGroup()}/`
      await putRaw(etcd, `${prefix}a`, 'first')
      await putRaw(etcd, `${prefix}a`, 'second')
      await putRaw(etcd, `${prefix}b`, 'üñ')
      const [a, b] = await listRaw(etcd, prefix)
      expect(a).to.deep.include({ key: `${prefix}a`, value: 'second', version: 2 })
      expect(b).to.deep.include({ key: `${prefix}b`, value: 'üñ', version: 1 })
      expect(b?.modRevision).to.be.greaterThan(a?.modRevision ?? Infinity)
      expect(await getRaw(etcd, `${prefix}b`)).to.deep.equal(b)
      expect(await deleteRaw(etcd, `${prefix}b`)).to.equal(true)
      expect(await deleteRaw(etcd, `${prefix}b`)).to.equal(false)
      expect(await getRaw(etcd, `${prefix}b`)).to.equal(undefined)
    })
  }

  it('is the same one for every test', async () => {
    const [one, other] = [await sharedEtcd(), await sharedEtcd()]
    expect(one).to.equal(other)
  })

  it('accepts the client certificate and refuses all the wrong ones', async () => {
    const etcd = await sharedEtcd('mutual-tls')
    const { caPath, otherCaPath, client, ...wrong } = await certificates()
    const ask = (files: CertificateFiles, authority = caPath): Promise<unknown> =>
      askEtcd(
        etcd.ports[0] ?? 0,
        '/v3/kv/range',
        { key: 'YQ==' },
        { caPath: authority, client: files },
        TIMEOUT_MS,
      )
    const failureOf = (promise: Promise<unknown>): Promise<string> =>
      promise.then(
        () => 'none',
        // OpenSSL 3.5, which Node.js 22 and later have, calls its alerts otherwise.
        (error: unknown) =>
          ((error as NodeJS.ErrnoException).code ?? String(error)).replace('SSL/TLS', 'SSLV3'),
      )
    expect({
      right: await failureOf(ask(client)),
      fromOtherAuthority: await failureOf(ask(wrong.otherClient)),
      expired: await failureOf(ask(wrong.expiredClient)),
      forServersOnly: await failureOf(ask(wrong.serverAuthOnly)),
      mismatched: await failureOf(ask(wrong.mismatched)),
      untrustedServer: await failureOf(ask(client, otherCaPath)),
    }).to.deep.equal({
      right: 'none',
      fromOtherAuthority: 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
      expired: 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
      forServersOnly: 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
      mismatched: 'ERR_OSSL_X509_KEY_VALUES_MISMATCH',
      untrustedServer: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    })
    expect(await readFile(wrong.garbagePath, 'utf8')).not.to.contain('-----')
  })
})

describe('an etcd of its own', () => {
  let etcd: EtcdServer | undefined
  afterEach(async () => {
    await etcd?.stop()
    etcd = undefined
  })

  it('keeps its data and its port over a kill, and is gone after the stop', async () => {
    etcd = await startEtcd()
    await putRaw(etcd, 'key', 'value')
    const [first] = etcd.pids
    await etcd.kill(0)
    expect([isAlive(first), etcd.pids]).to.deep.equal([false, [undefined]])
    await etcd.restart(0)
    expect(await getRaw(etcd, 'key')).to.deep.include({ value: 'value' })
    const [second] = etcd.pids
    await etcd.stop()
    expect(isAlive(second)).to.equal(false)
    const socket = connect(etcd.ports[0] ?? 0, '127.0.0.1')
    const [error] = (await once(socket, 'error').catch((reason: unknown) => [reason])) as [unknown]
    expect(error).to.have.property('code', 'ECONNREFUSED')
  })

  it('does not answer while it is paused', async () => {
    etcd = await startEtcd()
    const [port = 0] = etcd.ports
    const read = (): Promise<unknown> =>
      askEtcd(port, '/v3/kv/range', { key: 'YQ==' }, undefined, 200)
    await etcd.pause(0)
    const failure = await read().catch((error: unknown) => error)
    expect(failure).to.have.property('name', 'AbortError')
    await etcd.resume(0)
    await read()
  })

  it('elects another leader when the leader is killed or paused', async () => {
    etcd = await startEtcd({ size: 3 })
    const first = await etcd.leader()
    await etcd.kill(first)
    const second = await etcd.leader()
    expect(second).not.to.equal(first)
    await etcd.restart(first)
    await etcd.pause(second)
    const third = await etcd.leader()
    expect(third).not.to.equal(second)
    await etcd.resume(second)
  })

  it('starts all members again after all were killed', async () => {
    etcd = await startEtcd({ size: 3, unsafeNoFsync: false })
    await putRaw(etcd, 'key', 'value')
    await etcd.kill(0, 1, 2)
    await etcd.restart(0, 1, 2)
    expect(await getRaw(etcd, 'key')).to.deep.include({ value: 'value', version: 1 })
  })

  it('takes more arguments, and says what etcd printed when it will not start', async () => {
    const failure = await startEtcd({ extraArgs: ['--no-such-flag'] }).catch(
      (error: unknown) => error,
    )
    expect(failure).to.have.property('message').that.contains('no-such-flag')
  })
})

describe('a proxy in front of etcd', () => {
  it('drops the reply to a write that happens', async () => {
    const etcd = await sharedEtcd()
    const proxy = await TcpProxy.start(etcd.ports[0] ?? 0)
    try {
      const key = uniqueGroup()
      await proxy.dropReplies()
      const put = { key: Buffer.from(key).toString('base64'), value: 'YQ==' }
      const failure = await askEtcd(proxy.port, '/v3/kv/put', put, undefined, 300).catch(
        (error: unknown) => error,
      )
      expect(failure).to.have.property('name', 'AbortError')
      expect(await getRaw(etcd, key)).to.deep.include({ value: 'a', version: 1 })
    } finally {
      await proxy.close()
    }
  })
})
