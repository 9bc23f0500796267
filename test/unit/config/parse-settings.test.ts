import { expect } from 'chai'
import fc from 'fast-check'
import { parseSettings } from '../../../lib/config/parse-settings.js'
import { MAX_GROUPS } from '../../../lib/config/bounds.js'
import { EMBEDDED, ETCD, problemsOf, settingsOf, warningsOf } from './parse-helpers.js'

describe('parseSettings', () => {
  it('fills in every default for etcd', () => {
    expect(settingsOf(ETCD)).to.deep.equal({
      service: {
        address: '127.0.0.1',
        port: 3333,
        tls: false,
        trustedProxies: [],
        maxRequestsPerMinute: 0,
      },
      status: { enabled: true, address: '127.0.0.1', port: 2222, tls: false },
      nodes: {},
      store: {
        kind: 'etcd',
        endpoints: ['http://etcd1:2379'],
        isSecure: false,
        transactionTimeoutMs: 3000,
      },
      lock: {
        defaultGroupName: 'default',
        groups: [
          {
            name: 'default',
            slots: 1,
            waitTimeoutMs: 0,
            cooldownSeconds: 0,
            staleAfterMinutes: 60,
          },
        ],
        slotsSource: 'config',
        waitersMax: 10_000,
      },
      gates: { blackouts: [], http: [] },
      notify: { refusedForLongerThanMinutes: 60, webhooks: [] },
      log: { format: 'logfmt', level: 'warn' },
    })
  })

  it('reads every key', () => {
    const settings = settingsOf(`
      [service]
      address = "[::1]"
      port = 0
      tls = true
      tls_cert_path = "/tls/service-cert"
      tls_key_path = "/tls/service-key"
      tls_client_ca_path = "/tls/clients"
      htpasswd_path = "/htpasswd"
      trusted_proxies = ["10.0.0.1", "2001:db8::/32"]
      max_requests_per_minute = 60
      [status]
      enabled = false
      address = "status.internal"
      port = 65535
      tls = true
      tls_cert_path = "/tls/status-cert"
      tls_key_path = "/tls/status-key"
      htpasswd_path = "/status-htpasswd"
      nodes_path = "/nodes"
      [nodes]
      a1 = "db-1"
      "b.2" = "db-1"
      [etcd3]
      endpoints = ["HTTPS://Etcd1/", "https://[2001:DB8:0::1]:1"]
      client_cert_pub_path = "/tls/cert"
      client_cert_key_path = "/tls/key"
      ca_cert_path = "/tls/ca"
      server_name = "etcd.internal"
      username = "airlock"
      password_path = "/password"
      transaction_timeout_ms = 100
      [store]
      kind = "etcd"
      [lock]
      default_group_name = "all"
      default_slots = 0
      default_allowed_users = ["fleet"]
      default_allowed_ids = ["*"]
      slots_source = "store"
      wait_timeout_ms = 1000
      waiters_max = 7
      cooldown_seconds = 30
      total_slots_max = 9
      stale_after_minutes = 90
      default_stale_release = { after_minutes = 100, at_most_per_day = 2 }
      groups = [
        { name = "b", slots = 3, wait_timeout_ms = 2000, allowed_users = ["web", "ops-*"], allowed_ids = ["0*"] },
        { name = "a", stale_after_minutes = 0 },
      ]
      [notify]
      refused_for_longer_than_minutes = 30
      webhook = [
        { url = "https://hooks/x", events = ["stale"], secret_path = "/s", timeout_ms = 100, ca_cert_path = "/ca" },
      ]
      [log]
      format = "json"
      level = "debug"
    `)
    expect(settings).to.deep.equal({
      service: {
        address: '::1',
        port: 0,
        tls: {
          certPath: '/tls/service-cert',
          keyPath: '/tls/service-key',
          clientCaPath: '/tls/clients',
        },
        htpasswdPath: '/htpasswd',
        trustedProxies: ['10.0.0.1', '2001:db8::/32'],
        maxRequestsPerMinute: 60,
      },
      status: {
        enabled: false,
        address: 'status.internal',
        port: 65535,
        tls: { certPath: '/tls/status-cert', keyPath: '/tls/status-key' },
        htpasswdPath: '/status-htpasswd',
        nodesPath: '/nodes',
      },
      nodes: { a1: 'db-1', 'b.2': 'db-1' },
      store: {
        kind: 'etcd',
        endpoints: ['https://etcd1:2379', 'https://[2001:db8::1]:1'],
        isSecure: true,
        serverName: 'etcd.internal',
        clientCertPath: '/tls/cert',
        clientKeyPath: '/tls/key',
        caCertPath: '/tls/ca',
        username: 'airlock',
        passwordPath: '/password',
        transactionTimeoutMs: 100,
      },
      lock: {
        defaultGroupName: 'all',
        groups: [
          {
            name: 'all',
            slots: 0,
            waitTimeoutMs: 1000,
            cooldownSeconds: 30,
            staleAfterMinutes: 90,
            staleRelease: { afterMinutes: 100, atMostPerDay: 2 },
            allowedUsers: ['fleet'],
            allowedIds: ['*'],
          },
          {
            name: 'b',
            slots: 3,
            waitTimeoutMs: 2000,
            cooldownSeconds: 30,
            staleAfterMinutes: 90,
            allowedUsers: ['web', 'ops-*'],
            allowedIds: ['0*'],
          },
          {
            name: 'a',
            slots: 0,
            waitTimeoutMs: 1000,
            cooldownSeconds: 30,
            staleAfterMinutes: 0,
            allowedUsers: ['fleet'],
            allowedIds: ['*'],
          },
        ],
        slotsSource: 'store',
        waitersMax: 7,
        totalSlotsMax: 9,
      },
      gates: { blackouts: [], http: [] },
      notify: {
        refusedForLongerThanMinutes: 30,
        webhooks: [
          {
            url: 'https://hooks/x',
            events: ['stale'],
            secretPath: '/s',
            timeoutMs: 100,
            caCertPath: '/ca',
          },
        ],
      },
      log: { format: 'json', level: 'debug' },
    })
  })

  it('reads an embedded store, whose requests wait as long as those to etcd', () => {
    expect(settingsOf(`${EMBEDDED}\n[etcd3]\ntransaction_timeout_ms = 60000`).store).to.deep.equal({
      kind: 'embedded',
      path: 'var/airlock.db',
      transactionTimeoutMs: 60000,
    })
  })

  it('warns of a certificate that is not used, and forgets it', () => {
    const toml = `${ETCD}\n[status]\ntls_cert_path = "/c"\ntls_key_path = "/k"`
    expect(settingsOf(toml).status.tls).to.equal(false)
    expect(warningsOf(toml).slice(0, 2)).to.deep.equal([
      'status.tls_cert_path: is not used: status.tls is false',
      'status.tls_key_path: is not used: status.tls is false',
    ])
  })

  it('takes paths of secrets from the environment, as systemd passes credentials', () => {
    const directory = '/run/credentials/airlock.service'
    const { service } = settingsOf(ETCD, {
      AIRLOCK__SERVICE__TLS: 'true',
      AIRLOCK__SERVICE__TLS_CERT_PATH: `${directory}/cert`,
      AIRLOCK__SERVICE__TLS_KEY_PATH: `${directory}/key`,
      AIRLOCK__SERVICE__TRUSTED_PROXIES: '10.0.0.1, 10.1.0.0/16',
    })
    expect(service.tls).to.deep.equal({
      certPath: `${directory}/cert`,
      keyPath: `${directory}/key`,
    })
    expect(service.trustedProxies).to.deep.equal(['10.0.0.1', '10.1.0.0/16'])
  })

  it('freezes the settings to their depth', () => {
    const settings = settingsOf(`${ETCD}\n[[lock.groups]]\nname = "a"`)
    const parts = [settings, settings.service, settings.store, settings.lock.groups]
    expect([...parts, ...settings.lock.groups].every((part) => Object.isFrozen(part))).to.equal(
      true,
    )
  })

  it('reports every problem at once, in the order of the file', () => {
    const toml = `
      extra = 1
      [lock]
      default_slots = 1.0
      [[lock.groups]]
      name = "a"
      [[lock.groups]]
      name = "a"
      slots = "two"
      [service]
      adress = "localhost"
      port = 70000
      [etcd3]
      endpoints = ["ftp://a", 5, "unix:/run/etcd"]
      username = "me"`
    expect(problemsOf(toml, { AIRLOCK__FOO__BAR: '1', AIRLOCK__LOG__FORMAT: 'xml' })).to.deep.equal(
      [
        'AIRLOCK__FOO__BAR: unknown variable; after AIRLOCK__ comes one of SERVICE, STATUS, ETCD3, STORE, LOCK, GATES, NOTIFY, LOG',
        'extra: unknown key; the sections are service, status, nodes, etcd3, store, lock, gates, notify, log',
        'lock.default_slots: expected an integer of at least 0, got the float 1.0',
        'lock.groups[1].slots: expected an integer of at least 0, got "two"',
        'service.adress: unknown key; did you mean "address"?',
        'service.port: expected an integer from 0 to 65535, got 70000',
        'etcd3.endpoints[0]: expected http://HOST:PORT or https://HOST:PORT, got the scheme "ftp" in "ftp://a"',
        'etcd3.endpoints[1]: expected a URL, got 5',
        'etcd3.endpoints[2]: expected http://HOST:PORT or https://HOST:PORT, got the scheme "unix" in "unix:/run/etcd"',
        'AIRLOCK__LOG__FORMAT: expected "logfmt" or "json", got "xml"',
        'etcd3.password_path: is missing: etcd3.username is set, and needs it',
        'lock.groups[1].name: "a" is a group\'s name already (lock.groups[0].name)',
      ],
    )
  })

  it('takes as many groups as are allowed', () => {
    const groups = (count: number): string =>
      Array.from({ length: count }, (_, index) => `[[lock.groups]]\nname="g${index}"`).join('\n')
    expect(settingsOf(`${ETCD}\n${groups(MAX_GROUPS)}`).lock.groups).to.have.length(MAX_GROUPS + 1)
    expect(problemsOf(`${ETCD}\n${groups(MAX_GROUPS + 1)}`)).to.deep.equal([
      'lock.groups: expected at most 10000 tables, got 10001',
    ])
  })

  it('shortens what was given, and shows nothing that a terminal would act on', () => {
    expect(
      problemsOf(`${ETCD}\n[log]\nformat = "\\u001b[31m\\u202e${'x'.repeat(1000)}"`),
    ).to.deep.equal([
      `log.format: expected "logfmt" or "json", got "\\u001b[31m\\u{202e}${'x'.repeat(74)}…"`,
    ])
  })

  it('shows no password that was written into an endpoint', () => {
    for (const toml of [
      'endpoints = ["https://root:hunter2@etcd1:2379"]',
      'endpoints = ["https://root:hunt/er2@etcd1:2379"]',
      'endpoints = ["root:hunter2@etcd1:2379"]',
      'endpoints = "https://root:hunter2@etcd1:2379"',
      'server_name = "https://root:hunter2@etcd1:2379"',
    ]) {
      expect(problemsOf(`[etcd3]\n${toml}`).join('\n'))
        .to.match(/^etcd3.*\*\*\*@etcd1/)
        .and.not.match(/er2/)
    }
  })

  it('never throws, whatever the text', () => {
    const word = fc.constantFrom(
      ...['service', 'lock', 'groups', 'port', 'endpoints', 'name', '__proto__', 'constructor'],
      ...['[', ']', '[[', ']]', '=', '.', ',', '{', '}', '"', "'", '"""', '#', '\n', ' ', '-', '_'],
      ...['1', '1.5', 'nan', '-inf', '0x1f', '1979-05-27', '07:32:00', '1979-05-27T07:32:00Z'],
      ...['99999999999999999999', 'true', '"http://a:1"', '\\', '\u0000', '\ud800', '\ufeff'],
    )
    const text = fc.oneof(
      fc.array(word, { maxLength: 40 }).map((words) => words.join('')),
      fc
        .array(fc.tuple(word, word, word), { maxLength: 8 })
        .map((lines) => lines.map(([key, sub, value]) => `[${key}]\n${sub} = ${value}\n`).join('')),
      fc.string({ unit: 'binary', maxLength: 100 }),
    )
    fc.assert(
      fc.property(text, text, (toml, value) => {
        const parsed = parseSettings(toml, { AIRLOCK__ETCD3__ENDPOINTS: value }, { nodeMajor: 26 })
        const lines = 'problems' in parsed ? parsed.problems : parsed.warnings
        for (const { path, message } of lines) expect(path + message).to.not.match(/[\n\r\u001b]/)
        if ('problems' in parsed) expect(parsed.problems).to.not.have.length(0)
      }),
      { numRuns: 3000 },
    )
  })

  it('survives what is nested or long beyond reason', () => {
    for (const toml of [
      `a = ${'['.repeat(100_000)}`,
      `${'a.'.repeat(100_000)}a = 1`,
      `[log]\nformat = ${'9'.repeat(100_000)}`,
      `[service]\n"${'x'.repeat(100_000)}" = 1`,
    ]) {
      const lines = problemsOf(toml)
      expect(lines.length).to.be.greaterThan(0)
      for (const line of lines) expect(line.length).to.be.lessThan(300)
    }
  })
})
