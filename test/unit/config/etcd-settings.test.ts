import { expect } from 'chai'
import { EMBEDDED, problemsOf, settingsOf, warningsOf } from './parse-helpers.js'

describe('etcd over https by IP address', () => {
  const toml = '[etcd3]\nendpoints = ["https://etcd1:2379", "https://10.0.0.1:2379"]'
  const line =
    'etcd3.server_name: is missing: Node 25 cannot verify https://10.0.0.1:2379 by its IP address; ' +
    "set a DNS name of the servers' certificates here, or use names in etcd3.endpoints"

  it('needs a server name from Node 25 on', () => {
    expect(problemsOf(toml, {}, 25)).to.deep.equal([line])
    expect(settingsOf(toml, {}, 24).store).to.include({ isSecure: true })
    expect(settingsOf(`${toml}\nserver_name = "etcd"`, {}, 26).store).to.include({
      serverName: 'etcd',
    })
  })

  it('needs none over http, or by name', () => {
    settingsOf('[etcd3]\nendpoints = ["http://10.0.0.1:2379"]', {}, 26)
    settingsOf('[etcd3]\nendpoints = ["https://etcd1:2379"]', {}, 26)
  })

  it('counts IPv6', () => {
    expect(problemsOf('[etcd3]\nendpoints = ["https://[::1]:2379"]', {}, 26)[0]).to.include(
      'https://[::1]:2379',
    )
  })
})

describe('warnings', () => {
  const QUIET =
    '[service]\naddress = "::"\nport = 1\n[status]\nenabled = false\n[etcd3]\nendpoints = ["http://a:1"]\n'

  const WARNINGS: readonly (readonly [toml: string, lines: readonly string[]])[] = [
    [QUIET, []],
    [
      `${QUIET}client_cert_pub_path = "/c"\nclient_cert_key_path = "/k"\nca_cert_path = "/ca"`,
      [
        'etcd3.client_cert_pub_path: the client certificate is not used: etcd3.endpoints are http, and the scheme decides; write https to use it',
        'etcd3.ca_cert_path: the CA certificate is not used: etcd3.endpoints are http, and the scheme decides; write https to use it',
      ],
    ],
    [
      QUIET.replace('"http://a:1"', '"a:1", "http://b", "c"'),
      [
        'etcd3.endpoints[0]: "a:1" has no scheme: using http://a:1',
        'etcd3.endpoints[1]: "http://b" has no port: using http://b:2379',
        'etcd3.endpoints[2]: "c" has no scheme and no port: using http://c:2379',
      ],
    ],
    [
      `${QUIET}[store]\npath = "a"`,
      ['store.path: is not used: the store is etcd, because etcd3.endpoints is set'],
    ],
    [
      `${EMBEDDED}\n[etcd3]\nusername = "a"\npassword_path = "/p"\nserver_name = "b"`,
      [
        'etcd3.server_name: is not used: store.kind is "embedded"',
        'etcd3.username: is not used: store.kind is "embedded"',
        'etcd3.password_path: is not used: store.kind is "embedded"',
      ],
    ],
  ]
  for (const [toml, lines] of WARNINGS) {
    it(lines[0] ?? 'none where nothing is odd', () => {
      expect(warningsOf(toml)).to.deep.equal(lines)
    })
  }
})
