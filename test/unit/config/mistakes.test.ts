import { expect } from 'chai'
import { ETCD, problemsOf } from './parse-helpers.js'

const URLS = 'expected http://HOST:PORT or https://HOST:PORT'
const PORT = 'expected an integer from 0 to 65535'
const ADDRESS = 'expected an IP address, "localhost" or a host name'
const LONG = 'x'.repeat(254)

const SERVICE_KEYS =
  'address, port, tls, tls_cert_path, tls_key_path, tls_client_ca_path, htpasswd_path, trusted_proxies, max_requests_per_minute'

/** TOML beside a valid etcd section (a leading "=" stands for the whole file) → the only line. */
const MISTAKES: readonly (readonly [toml: string, line: string])[] = [
  ['=a =', 'line 1, column 4: is not valid TOML: invalid value'],
  [
    '=[a]\n[a]',
    'line 2, column 2: is not valid TOML: trying to redefine an already defined table or value',
  ],
  [
    '=[a]\nb = 1\nb = 2',
    'line 3, column 1: is not valid TOML: trying to redefine an already defined table or value',
  ],
  ['[servcie]\nport = 1', 'servcie: unknown section; did you mean "service"?'],
  ['[Service]\nport = 1', 'Service: unknown section; did you mean "service"?'],
  [
    '[web]',
    'web: unknown section; the sections are service, status, nodes, etcd3, store, lock, gates, notify, log',
  ],
  ['[[lok]]', 'lok: unknown section; did you mean "lock"?'],
  ['[service]\nadress = ""', 'service.adress: unknown key; did you mean "address"?'],
  ['[service]\nprot = 1', 'service.prot: unknown key; did you mean "port"?'],
  ['[service]\nx = 1', `service.x: unknown key; the keys here are ${SERVICE_KEYS}`],
  ['[service]\n"a.b" = 1', `service."a.b": unknown key; the keys here are ${SERVICE_KEYS}`],
  ['[service]\n__proto__ = 1', `service.__proto__: unknown key; the keys here are ${SERVICE_KEYS}`],
  [
    '[service]\nconstructor.prototype = 1',
    `service.constructor: unknown key; the keys here are ${SERVICE_KEYS}`,
  ],
  [
    '[__proto__]\nport = 1',
    '__proto__: unknown section; the sections are service, status, nodes, etcd3, store, lock, gates, notify, log',
  ],
  ['=service = 3\n' + ETCD, 'service: expected a table, got 3'],
  ['[[service]]', 'service: expected a table, got a list'],
  ['=log = 1979-05-27\n' + ETCD, 'log: expected a table, got the date 1979-05-27'],
  ['[service]\naddress = ""', `service.address: ${ADDRESS}, got ""`],
  ['[service]\naddress = "10.0.0.300"', `service.address: ${ADDRESS}, got "10.0.0.300"`],
  ['[service]\naddress = "http://a"', `service.address: ${ADDRESS}, got "http://a"`],
  ['[service]\naddress = ["a"]', `service.address: ${ADDRESS}, got a list`],
  ['[status]\naddress = 1', `status.address: ${ADDRESS}, got 1`],
  ['[service]\nport = -1', `service.port: ${PORT}, got -1`],
  ['[service]\nport = 65536', `service.port: ${PORT}, got 65536`],
  ['[service]\nport = "80"', `service.port: ${PORT}, got "80"`],
  ['[service]\nport = 80.5', `service.port: ${PORT}, got the float 80.5`],
  ['[service]\nport = 80.0', `service.port: ${PORT}, got the float 80.0`],
  ['[service]\nport = nan', `service.port: ${PORT}, got the float nan`],
  ['[service]\nport = -inf', `service.port: ${PORT}, got the float -inf`],
  ['[service]\nport = 1979-05-27', `service.port: ${PORT}, got the date 1979-05-27`],
  ['[service]\nport = 07:32:00', `service.port: ${PORT}, got the time 07:32:00.000`],
  [
    '[service]\nport = 1979-05-27T07:32:00Z',
    `service.port: ${PORT}, got the date-time 1979-05-27T07:32:00.000Z`,
  ],
  ['[service]\nport = 9223372036854775808', `service.port: ${PORT}, got 9223372036854775808`],
  ['[service]\nport = true', `service.port: ${PORT}, got true`],
  ['[service.port]\na = 1', `service.port: ${PORT}, got a table`],
  ['[status]\nport = []', `status.port: ${PORT}, got an empty list`],
  [
    '[service]\ntls = true\ntls_key_path = "/k"',
    'service.tls_cert_path: is missing: service.tls is true, and needs it',
  ],
  [
    '[status]\ntls = true\ntls_cert_path = "/c"',
    'status.tls_key_path: is missing: status.tls is true, and needs it',
  ],
  [
    '[service]\ntls_client_ca_path = "/ca"',
    'service.tls_client_ca_path: needs service.tls = true, or nobody is kept out',
  ],
  [
    '[service]\nhtpasswd_path = ""',
    'service.htpasswd_path: expected a path of 1 to 4096 characters, got ""',
  ],
  ...['10.0.0.0/33', '::/129', 'proxy', '10.0.0.0/', '10.0.0.1/8/8', '10.0.0.1/+8', ''].map(
    (proxy): [string, string] => [
      `[service]\ntrusted_proxies = ["::1", "${proxy}"]`,
      `service.trusted_proxies[1]: expected an IP address or a network like 10.0.0.0/8, got "${proxy}"`,
    ],
  ),
  [
    '[service]\nmax_requests_per_minute = -1',
    'service.max_requests_per_minute: expected an integer from 0 to 1000000, got -1',
  ],
  [
    '[[lock.groups]]\nname = "a"\nallowed_users = ["web"]',
    'lock.groups[0].allowed_users: needs service.htpasswd_path: without it nobody is asked for a user',
  ],
  [
    '[lock]\ndefault_allowed_users = ["web"]',
    'lock.default_allowed_users: needs service.htpasswd_path: without it nobody is asked for a user',
  ],
  [
    '[[lock.groups]]\nname = "a"\nallowed_ids = []',
    'lock.groups[0].allowed_ids: expected at least one item; leave the key out to allow all',
  ],
  ...['a*b', '**', '', 'a\\n'].map((id): [string, string] => [
    `[lock]\ndefault_allowed_ids = ["a", "${id}"]`,
    `lock.default_allowed_ids[1]: expected an id, or the beginning of one and "*", got "${id}"`,
  ]),
  ['[service]\ntls = "false"', 'service.tls: expected true or false, got "false"'],
  ['[status]\nenabled = 1', 'status.enabled: expected true or false, got 1'],
  ['=[etcd3]\nendpoints = "http://a:1"', 'etcd3.endpoints: expected a list, got "http://a:1"'],
  ['=[etcd3]\nendpoints = [1]', 'etcd3.endpoints[0]: expected a URL, got 1'],
  [
    '=[etcd3]\nendpoints = ["http://a:1/v3"]',
    `etcd3.endpoints[0]: ${URLS} without a path, query or fragment, got "http://a:1/v3"`,
  ],
  [
    '=[etcd3]\nendpoints = ["http://a:1", "https://b:1"]',
    'etcd3.endpoints: expected all http or all https, got http://a:1 and https://b:1',
  ],
  [
    '=[etcd3]\nendpoints = ["http://a", "HTTP://A:2379/"]',
    'etcd3.endpoints[1]: http://a:2379 is listed already (etcd3.endpoints[0])',
  ],
  [
    `=[etcd3]\nendpoints = [${Array.from({ length: 65 }, (_, n) => `"http://a:${n + 1}"`).join()}]`,
    'etcd3.endpoints: expected at most 64 items, got 65',
  ],
  [
    'client_cert_pub_path = "/c"',
    'etcd3.client_cert_key_path: is missing: etcd3.client_cert_pub_path is set, and needs it',
  ],
  [
    'client_cert_key_path = "/c"',
    'etcd3.client_cert_pub_path: is missing: etcd3.client_cert_key_path is set, and needs it',
  ],
  [
    'client_cert_key_path = "/c"\nclient_cert_pub_path = ""',
    'etcd3.client_cert_pub_path: is missing: etcd3.client_cert_key_path is set, and needs it',
  ],
  ['username = "a"', 'etcd3.password_path: is missing: etcd3.username is set, and needs it'],
  ['password_path = "/p"', 'etcd3.username: is missing: etcd3.password_path is set, and needs it'],
  [
    'username = ""\npassword_path = "/p"',
    'etcd3.username: expected a user name of 1 to 256 characters, got ""',
  ],
  [
    'password = "hunter2"',
    'etcd3.password: unknown key; the keys here are endpoints, client_cert_pub_path, client_cert_key_path, ca_cert_path, server_name, username, password_path, transaction_timeout_ms',
  ],
  ['ca_cert_path = ""', 'etcd3.ca_cert_path: expected a path of 1 to 4096 characters, got ""'],
  [
    'ca_cert_path = "a\\u0000b"',
    'etcd3.ca_cert_path: expected a path of 1 to 4096 characters, got "a\\u0000b"',
  ],
  [
    'server_name = "etcd"',
    'etcd3.server_name: is only allowed with https endpoints: etcd3.endpoints are http',
  ],
  [
    '=[etcd3]\nendpoints = ["https://a"]\nserver_name = "10.0.0.1"',
    'etcd3.server_name: expected a host name, got "10.0.0.1"',
  ],
  [
    'transaction_timeout_ms = 99',
    'etcd3.transaction_timeout_ms: expected an integer from 100 to 60000, got 99',
  ],
  [
    'transaction_timeout_ms = 60001',
    'etcd3.transaction_timeout_ms: expected an integer from 100 to 60000, got 60001',
  ],
  [
    '=',
    'store.kind: no store is chosen: set etcd3.endpoints to use etcd, or store.kind = "embedded" and store.path to use this machine alone',
  ],
  [
    '=[etcd3]\nendpoints = []',
    'store.kind: no store is chosen: set etcd3.endpoints to use etcd, or store.kind = "embedded" and store.path to use this machine alone',
  ],
  [
    '=[store]\npath = "a"',
    'store.kind: no store is chosen: set etcd3.endpoints to use etcd, or store.kind = "embedded" and store.path to use this machine alone',
  ],
  [
    '[store]\nkind = "embedded"\npath = "a"',
    'store.kind: "embedded" and etcd3.endpoints exclude each other: choose one of them',
  ],
  ['=[store]\nkind = "embedded"', 'store.path: is missing: store.kind = "embedded" needs a path'],
  [
    '=[store]\nkind = "embedded"\npath = ""',
    'store.path: expected a path of 1 to 4096 characters, got ""',
  ],
  [
    '=[store]\nkind = "etcd"',
    'etcd3.endpoints: is missing: store.kind = "etcd" needs at least one endpoint',
  ],
  ['=[store]\nkind = "sqlite"', 'store.kind: expected "etcd" or "embedded", got "sqlite"'],
  [
    '[lock]\ndefault_group_name = "a b"\ngroups = [{ name = "default" }]',
    'lock.default_group_name: may only contain letters, digits, "." and "-": "a b"',
  ],
  ['[lock]\ndefault_group_name = 1', 'lock.default_group_name: expected a group name, got 1'],
  ['[lock]\ndefault_slots = -1', 'lock.default_slots: expected an integer of at least 0, got -1'],
  [
    '[lock]\ndefault_slots = 1000001',
    'lock.default_slots: expected an integer from 0 to 1000000, got 1000001',
  ],
  ['[lock]\nslots_source = "file"', 'lock.slots_source: expected "config" or "store", got "file"'],
  [
    '[lock.groups]\nname = "a"',
    'lock.groups: expected a list of tables, [[lock.groups]], got a table',
  ],
  ['[lock]\ngroups = ["a"]', 'lock.groups[0]: expected a table, got "a"'],
  ['[[lock.groups]]\nslots = 1', 'lock.groups[0].name: is missing'],
  ['[[lock.groups]]\nname = ""', 'lock.groups[0].name: must not be empty: ""'],
  [
    `[[lock.groups]]\nname = "${LONG}"`,
    `lock.groups[0].name: must have at most 253 characters, got 254: "${LONG.slice(0, 80)}…"`,
  ],
  [
    '[[lock.groups]]\nname = "a"\nslot = 1',
    'lock.groups[0].slot: unknown key; did you mean "slots"?',
  ],
  [
    '[[lock.groups]]\nname = "a"\n[[lock.groups]]\nname = "b"\nslots = "two"',
    'lock.groups[1].slots: expected an integer of at least 0, got "two"',
  ],
  [
    '[[lock.groups]]\nname = "a"\n[[lock.groups]]\nname = "a"',
    'lock.groups[1].name: "a" is a group\'s name already (lock.groups[0].name)',
  ],
  [
    '[[lock.groups]]\nname = "default"',
    'lock.groups[0].name: "default" is the default group\'s name already (lock.default_group_name); its slots are lock.default_slots',
  ],
  [
    '[lock]\ndefault_stale_release = { after_minutes = 59, at_most_per_day = 1 }',
    'lock.default_stale_release.after_minutes: must be at least stale_after_minutes, which is 60, got 59',
  ],
  [
    '[[lock.groups]]\nname = "a"\nstale_release = { after_minutes = 60 }',
    'lock.groups[0].stale_release.at_most_per_day: is missing: stale_release needs both of its keys',
  ],
  [
    '[lock]\nstale_after_minutes = 0\ndefault_stale_release = { after_minutes = 60, at_most_per_day = 1 }',
    'lock.default_stale_release: needs stale_after_minutes above 0: no holder of this group is stale',
  ],
  [
    '[[notify.webhook]]\nurl = "ftp://secret"\nevents = ["stale"]',
    'notify.webhook[0].url: expected an http or https URL without a user, a password or a fragment',
  ],
  [
    '[[notify.webhook]]\nurl = "https://user:secret@hooks"\nevents = ["stale"]',
    'notify.webhook[0].url: expected an http or https URL without a user, a password or a fragment',
  ],
  [
    '[[notify.webhook]]\nurl = "https://hooks"\nevents = []',
    'notify.webhook[0].events: expected at least one item',
  ],
  [
    '[[notify.webhook]]\nurl = "https://hooks"\nevents = ["stale", "stale"]',
    'notify.webhook[0].events: expected no item twice',
  ],
  ['[[notify.webhook]]\nevents = ["stale"]', 'notify.webhook[0].url: is missing'],
  ['[[nodes]]\na = "x"', 'nodes: expected a table, got a list'],
  ['[nodes]\na = ""', 'nodes.a: expected a name of 1 to 100 printable characters, got ""'],
  ['[nodes]\na = " "', 'nodes.a: expected a name of 1 to 100 printable characters, got " "'],
  ['[nodes]\na = 1', 'nodes.a: expected a name of 1 to 100 printable characters, got 1'],
  [
    '[nodes]\na = "x\\ny"',
    'nodes.a: expected a name of 1 to 100 printable characters, got "x\\ny"',
  ],
  [
    `[nodes]\na = "${'x'.repeat(101)}"`,
    `nodes.a: expected a name of 1 to 100 printable characters, got "${'x'.repeat(80)}…"`,
  ],
  ['[nodes]\na.b = "x"', 'nodes.a: expected a name of 1 to 100 printable characters, got a table'],
  ['[nodes]\n"" = "x"', 'nodes."": the id must not be empty'],
  ['[nodes]\n"\\t" = "x"', 'nodes."\\t": the id may only contain printable characters'],
  [
    `[nodes]\n${Array.from({ length: 10_001 }, (_, n) => `n${n} = "x"`).join('\n')}`,
    'nodes: expected at most 10000 ids, got 10001',
  ],
  [
    '[status]\nnodes_path = ""',
    'status.nodes_path: expected a path of 1 to 4096 characters, got ""',
  ],
  ['[log]\nformat = "text"', 'log.format: expected "logfmt" or "json", got "text"'],
  [
    '[log]\nlevel = "loud"',
    'log.level: expected "error" or "warn" or "info" or "debug" or "trace", got "loud"',
  ],
  ['[log]\nformat = false', 'log.format: expected "logfmt" or "json", got false'],
]

describe('each mistake gives its own line', () => {
  for (const [toml, line] of MISTAKES) {
    it(line.slice(0, 120), () => {
      expect(problemsOf(toml.startsWith('=') ? toml.slice(1) : `${ETCD}\n${toml}`)).to.deep.equal([
        line,
      ])
    })
  }
})
