import { expect } from 'chai'
import { EMBEDDED, ETCD, settingsOf, warningsOf } from './parse-helpers.js'

describe('parseSettings, on files of coreos/airlock', () => {
  const WITHOUT_STATUS = '[status]\nenabled = false\n'

  it('warns of every address and port that is left out, with both defaults', () => {
    expect(warningsOf(ETCD)).to.deep.equal([
      'service.address: is not set: using 127.0.0.1; coreos/airlock would use 0.0.0.0',
      'service.port: is not set: using 3333; coreos/airlock would use 9090',
      'status.address: is not set: using 127.0.0.1; coreos/airlock has no default and would use all interfaces',
      'status.port: is not set: using 2222; coreos/airlock has no default and would use any free port',
    ])
  })

  it('warns of no status address where the status service is off', () => {
    expect(warningsOf(`${ETCD}\n${WITHOUT_STATUS}[service]\nport = 1`)).to.deep.equal([
      'service.address: is not set: using 127.0.0.1; coreos/airlock would use 0.0.0.0',
    ])
  })

  it('does not warn of what the environment sets, nor with the embedded store', () => {
    const environment = { AIRLOCK__SERVICE__ADDRESS: '::', AIRLOCK__SERVICE__PORT: '1' }
    expect(warningsOf(`${ETCD}\n${WITHOUT_STATUS}`, environment)).to.deep.equal([])
    expect(warningsOf(EMBEDDED)).to.deep.equal([])
  })

  it('takes the tutorial file, and warns that its certificates are not used', () => {
    const toml = `
      [status]
      enabled = true
      address = "localhost"
      port = 2222
      tls = false
      [service]
      address = "localhost"
      port = 3333
      tls = false
      [etcd3]
      endpoints = [ "http://10.0.1.33:2379","http://10.0.1.34:2379" ]
      client_cert_pub_path = "/etc/ssl/self-certs/proventa-client-cert.pem"
      client_cert_key_path = "/etc/ssl/self-certs/proventa-client-cert-key.pem"
      [lock]
      default_group_name = "default"
      default_slots = 2
      [[lock.groups]]
      name = "patroni"
      slots = 1`
    expect(settingsOf(toml).lock.groups).to.deep.equal([
      { name: 'default', slots: 2, waitTimeoutMs: 0, cooldownSeconds: 0, staleAfterMinutes: 60 },
      { name: 'patroni', slots: 1, waitTimeoutMs: 0, cooldownSeconds: 0, staleAfterMinutes: 60 },
    ])
    expect(warningsOf(toml)).to.deep.equal([
      'etcd3.client_cert_pub_path: the client certificate is not used: ' +
        'etcd3.endpoints are http, and the scheme decides; write https to use it',
    ])
  })

  it('takes empty certificate paths as none', () => {
    const toml = `${ETCD}\nclient_cert_pub_path = ""\nclient_cert_key_path = ""`
    expect(settingsOf(toml)).to.deep.equal(settingsOf(ETCD))
  })
})
