import { expect } from 'chai'
import { EMBEDDED, ETCD, problemsOf, settingsOf, warningsOf } from './parse-helpers.js'

describe('environment variables', () => {
  it('override the file, or stand for it', () => {
    const environment = {
      AIRLOCK__SERVICE__ADDRESS: '0.0.0.0',
      AIRLOCK__SERVICE__PORT: '4444',
      AIRLOCK__STATUS__ENABLED: 'false',
      AIRLOCK__ETCD3__ENDPOINTS: ' http://a , http://b:1',
      AIRLOCK__ETCD3__TRANSACTION_TIMEOUT_MS: '500',
      AIRLOCK__LOCK__DEFAULT_SLOTS: '7',
      AIRLOCK__LOG__FORMAT: 'json',
    }
    const settings = settingsOf('[service]\nport = "not read"', environment)
    expect(settings.service).to.include({ address: '0.0.0.0', port: 4444, tls: false })
    expect(settings.status.enabled).to.equal(false)
    expect(settings.store).to.deep.equal({
      kind: 'etcd',
      endpoints: ['http://a:2379', 'http://b:1'],
      isSecure: false,
      transactionTimeoutMs: 500,
    })
    expect(settings.lock.groups.map(({ slots }) => slots)).to.deep.equal([7])
    expect(settings.log).to.deep.equal({ format: 'json', level: 'warn' })
  })

  it('empty a list of the file', () => {
    const environment = {
      AIRLOCK__ETCD3__ENDPOINTS: '',
      AIRLOCK__STORE__KIND: 'embedded',
      AIRLOCK__STORE__PATH: '/a',
    }
    expect(settingsOf(ETCD, environment).store).to.include({ kind: 'embedded', path: '/a' })
  })

  it('take back a certificate of the file', () => {
    const toml = `${ETCD}\nclient_cert_pub_path = "/c"\nclient_cert_key_path = "/k"`
    const environment = {
      AIRLOCK__ETCD3__CLIENT_CERT_PUB_PATH: '',
      AIRLOCK__ETCD3__CLIENT_CERT_KEY_PATH: '',
    }
    expect(settingsOf(toml, environment)).to.deep.equal(settingsOf(ETCD))
  })

  it('are read although their section is no table', () => {
    expect(problemsOf(`service = 3\n${ETCD}`, { AIRLOCK__SERVICE__PORT: 'x' })).to.deep.equal([
      'service: expected a table, got 3',
      'AIRLOCK__SERVICE__PORT: expected an integer from 0 to 65535, got "x"',
    ])
  })

  it('mean nothing with one underscore, or when undefined', () => {
    const environment = {
      AIRLOCK_SERVICE_PORT: 'tcp://10.0.0.1:80',
      AIRLOCK__SERVICE__PORT: undefined,
      AIRLOCK_CONFIG: 'x',
      airlock__service__port: '1',
    }
    expect(settingsOf(ETCD, environment)).to.deep.equal(settingsOf(ETCD))
  })

  it('are named by warnings about their values', () => {
    const environment = { AIRLOCK__ETCD3__ENDPOINTS: 'a:1', AIRLOCK__ETCD3__CA_CERT_PATH: '/ca' }
    const warnings = warningsOf(
      '[service]\naddress="::"\nport=1\n[status]\nenabled=false',
      environment,
    )
    expect(warnings).to.deep.equal([
      'AIRLOCK__ETCD3__ENDPOINTS: "a:1" has no scheme: using http://a:1',
      'AIRLOCK__ETCD3__CA_CERT_PATH: the CA certificate is not used: etcd3.endpoints are http, and the scheme decides; write https to use it',
    ])
  })

  const PORT = 'AIRLOCK__SERVICE__PORT: expected an integer from 0 to 65535, got'
  const MISTAKES: readonly (readonly [name: string, value: string, line: string])[] = [
    ['SERVICE__PORT', '', `${PORT} ""`],
    ['SERVICE__PORT', '0x10', `${PORT} "0x10"`],
    ['SERVICE__PORT', '1e3', `${PORT} "1e3"`],
    ['SERVICE__PORT', '1_000', `${PORT} "1_000"`],
    ['SERVICE__PORT', '+80', `${PORT} "+80"`],
    ['SERVICE__PORT', '080', `${PORT} "080"`],
    ['SERVICE__PORT', ' 80', `${PORT} " 80"`],
    ['SERVICE__PORT', '80.0', `${PORT} "80.0"`],
    ['SERVICE__PORT', '-1', `${PORT} -1`],
    ['SERVICE__PORT', '99999', `${PORT} 99999`],
    ['STATUS__ENABLED', 'yes', 'AIRLOCK__STATUS__ENABLED: expected true or false, got "yes"'],
    ['STATUS__ENABLED', 'True', 'AIRLOCK__STATUS__ENABLED: expected true or false, got "True"'],
    ['SERVICE__TLS', 'yes', 'AIRLOCK__SERVICE__TLS: expected true or false, got "yes"'],
    [
      'ETCD3__ENDPOINTS',
      'http://a:1,http://a:1',
      'AIRLOCK__ETCD3__ENDPOINTS: http://a:1 is listed already (AIRLOCK__ETCD3__ENDPOINTS)',
    ],
    [
      'ETCD3__ENDPOINTS',
      'http://a:1,',
      'AIRLOCK__ETCD3__ENDPOINTS: expected http://HOST:PORT or https://HOST:PORT, got ""',
    ],
    [
      'ETCD3__USERNAME',
      'me',
      'etcd3.password_path: is missing: AIRLOCK__ETCD3__USERNAME is set, and needs it',
    ],
    [
      'STORE__KIND',
      'embedded',
      'AIRLOCK__STORE__KIND: "embedded" and etcd3.endpoints exclude each other: choose one of them',
    ],
    [
      'LOCK__DEFAULT_GROUP_NAME',
      'a',
      'lock.groups[0].name: "a" is the default group\'s name already (AIRLOCK__LOCK__DEFAULT_GROUP_NAME); its slots are lock.default_slots',
    ],
    [
      'LOCK__GROUPS',
      'a,b',
      'AIRLOCK__LOCK__GROUPS: cannot be set from the environment; write [[lock.groups]] in the file',
    ],
    [
      'LOCK__GROUPS__0__SLOTS',
      '1',
      'AIRLOCK__LOCK__GROUPS__0__SLOTS: cannot be set from the environment; write [[lock.groups]] in the file',
    ],
    [
      'NODES__A',
      'db-1',
      'AIRLOCK__NODES__A: cannot be set from the environment; write [nodes] in the file',
    ],
    [
      'SERVICE__PROT',
      '1',
      'AIRLOCK__SERVICE__PROT: unknown variable; did you mean "AIRLOCK__SERVICE__PORT"?',
    ],
    [
      'service__port',
      '1',
      'AIRLOCK__service__port: unknown variable; did you mean "AIRLOCK__SERVICE__PORT"?',
    ],
    [
      'SERVICE__X',
      '1',
      'AIRLOCK__SERVICE__X: unknown variable; after AIRLOCK__SERVICE__ comes one of ADDRESS, PORT, TLS, TLS_CERT_PATH, TLS_KEY_PATH, TLS_CLIENT_CA_PATH, HTPASSWD_PATH, TRUSTED_PROXIES, MAX_REQUESTS_PER_MINUTE',
    ],
    [
      'LOCK__X',
      '1',
      'AIRLOCK__LOCK__X: unknown variable; after AIRLOCK__LOCK__ comes one of DEFAULT_GROUP_NAME, DEFAULT_SLOTS, DEFAULT_ALLOWED_USERS, DEFAULT_ALLOWED_IDS, SLOTS_SOURCE, WAIT_TIMEOUT_MS, WAITERS_MAX, COOLDOWN_SECONDS, TOTAL_SLOTS_MAX, STALE_AFTER_MINUTES, DEFAULT_STALE_RELEASE, TIME_ZONE',
    ],
    [
      '',
      '1',
      'AIRLOCK__: unknown variable; after AIRLOCK__ comes one of SERVICE, STATUS, ETCD3, STORE, LOCK, GATES, NOTIFY, LOG',
    ],
    [
      '__PROTO__',
      '1',
      'AIRLOCK____PROTO__: unknown variable; after AIRLOCK__ comes one of SERVICE, STATUS, ETCD3, STORE, LOCK, GATES, NOTIFY, LOG',
    ],
  ]
  for (const [name, value, line] of MISTAKES) {
    it(line.slice(0, 120), () => {
      const toml = `${ETCD}\n[[lock.groups]]\nname = "a"`
      expect(problemsOf(toml, { [`AIRLOCK__${name}`]: value })).to.deep.equal([line])
    })
  }

  it('name the endpoints that contradict an embedded store', () => {
    expect(problemsOf(EMBEDDED, { AIRLOCK__ETCD3__ENDPOINTS: 'http://a:1' })).to.deep.equal([
      'store.kind: "embedded" and AIRLOCK__ETCD3__ENDPOINTS exclude each other: choose one of them',
    ])
  })
})
