import { expect } from 'chai'
import { settingsToReload } from '../../../lib/daemon/settings-to-reload.js'
import { ETCD, settingsOf } from '../config/parse-helpers.js'

const TLS = 'tls = true\ntls_cert_path = "/c"\ntls_key_path = "/k"'

describe('settingsToReload', () => {
  const after = (now: string, next: string): ReturnType<typeof settingsToReload> =>
    settingsToReload(settingsOf(`${ETCD}\n${now}`), settingsOf(`${ETCD}\n${next}`))

  it('takes everything where nothing of what stays differs', () => {
    const now = `[service]\n${TLS}\nhtpasswd_path = "/h"`
    const next = `[service]\n${TLS.replace('/c', '/d')}\ntrusted_proxies = ["::1"]\n[[lock.groups]]\nname = "a"`
    const { settings, staying } = after(now, next)
    expect(staying).to.deep.equal([])
    expect(settings).to.deep.equal(settingsOf(`${ETCD}\n${next}`))
  })

  it('leaves addresses and ports, and takes the rest of the section', () => {
    const { settings, staying } = after('', '[service]\nport = 1\nhtpasswd_path = "/h"')
    expect(staying).to.deep.equal(['service'])
    expect(settings.service).to.include({ port: 3333, htpasswdPath: '/h' })
  })

  it('leaves whether TLS is spoken', () => {
    expect(after('', `[status]\n${TLS}`).staying).to.deep.equal(['status'])
    expect(after('', `[status]\n${TLS}`).settings.status.tls).to.equal(false)
    const off = after(`[service]\n${TLS}`, '')
    expect([off.staying, off.settings.service.tls]).to.deep.equal([
      ['service'],
      { certPath: '/c', keyPath: '/k' },
    ])
  })

  it('leaves whether clients show a certificate, so that nobody is let in by a typing error', () => {
    const withClients = `[service]\n${TLS}\ntls_client_ca_path = "/ca"`
    const off = after(withClients, `[service]\n${TLS}`)
    expect([off.staying, off.settings.service.tls]).to.deep.equal([
      ['service'],
      { certPath: '/c', keyPath: '/k', clientCaPath: '/ca' },
    ])
    const on = after(`[service]\n${TLS}`, withClients)
    expect([on.staying, on.settings.service.tls]).to.deep.equal([
      ['service'],
      { certPath: '/c', keyPath: '/k' },
    ])
    const other = after(withClients, withClients.replace('/ca', '/other'))
    expect(other.staying).to.deep.equal([])
  })
})
