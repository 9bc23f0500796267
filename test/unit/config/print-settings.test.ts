import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import fc from 'fast-check'
import type { Field } from '../../../lib/config/field.js'
import { printSettings } from '../../../lib/config/print-settings.js'
import { SCHEMA } from '../../../lib/config/schema.js'
import type { Settings, StoreSettings } from '../../../lib/config/settings.js'
import { anyCalendar, anyGates } from './gate-arbitraries.js'
import { EMBEDDED, ETCD, settingsOf, warningsOf } from './parse-helpers.js'

const ROOT = new URL('../../../../', import.meta.url)

const name = fc.stringMatching(/^[a-zA-Z0-9.-]{1,12}$/)
const host = fc.constantFrom('localhost', '0.0.0.0', '::', 'fe80::1', 'etcd-1.example.com')
const path = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((text) => !text.includes('\0'))
const port = fc.integer({ min: 0, max: 65535 })
const slots = fc.integer({ min: 0, max: 1_000_000 })
const transactionTimeoutMs = fc.integer({ min: 100, max: 60_000 })

const listener = {
  address: host,
  port,
  tls: fc.oneof(fc.constant(false as const), fc.record({ certPath: path, keyPath: path })),
}
const service = fc
  .record({
    ...listener,
    clientCaPath: fc.option(path, { nil: undefined }),
    // Groups with users need it.
    htpasswdPath: path,
    trustedProxies: fc.subarray(['10.0.0.1', '10.0.0.0/8', '2001:db8::/32']),
    maxRequestsPerMinute: fc.integer({ min: 0, max: 1_000_000 }),
  })
  .map(({ clientCaPath, tls, ...rest }): Settings['service'] => ({
    ...rest,
    tls: tls === false || clientCaPath === undefined ? tls : { ...tls, clientCaPath },
  }))

const names = fc.uniqueArray(fc.constantFrom('a', 'b*', '*', 'ü-1'), { minLength: 1 })
const allowed = fc.record({ allowedUsers: names, allowedIds: names })
const access = fc.record({ allowedUsers: names, allowedIds: names }, { requiredKeys: [] })

const staleness = {
  staleAfterMinutes: fc.integer({ min: 1, max: 60 }),
  staleRelease: fc.record({
    afterMinutes: fc.integer({ min: 60, max: 525_600 }),
    atMostPerDay: fc.integer({ min: 1, max: 100 }),
  }),
}
const notify: fc.Arbitrary<Settings['notify']> = fc.record({
  refusedForLongerThanMinutes: fc.integer({ min: 1, max: 10_080 }),
  webhooks: fc.array(
    fc.record(
      {
        url: fc.constantFrom('http://hooks:1/a?b=c', 'https://hooks.example.com/x'),
        events: fc.subarray(['granted', 'stale', 'gate-failing'] as const, { minLength: 1 }),
        timeoutMs: fc.integer({ min: 100, max: 60_000 }),
        secretPath: path,
        caCertPath: path,
      },
      { requiredKeys: ['url', 'events', 'timeoutMs'] },
    ),
    { maxLength: 3 },
  ),
})

const etcd = fc.boolean().chain((isSecure) =>
  fc
    .record(
      {
        kind: fc.constant('etcd' as const),
        endpoints: fc
          .uniqueArray(fc.integer({ min: 1, max: 65535 }), { minLength: 1, maxLength: 3 })
          .map((ports) => ports.map((port) => `${isSecure ? 'https' : 'http'}://etcd:${port}`)),
        isSecure: fc.constant(isSecure),
        transactionTimeoutMs,
        caCertPath: path,
        client: fc.tuple(path, path),
        user: fc.tuple(path, path),
      },
      { requiredKeys: ['kind', 'endpoints', 'isSecure', 'transactionTimeoutMs'] },
    )
    .map(({ client, user, ...rest }): StoreSettings => ({
      ...rest,
      ...(isSecure && { serverName: 'etcd.internal' }),
      ...(client && { clientCertPath: client[0], clientKeyPath: client[1] }),
      ...(user && { username: user[0], passwordPath: user[1] }),
    })),
)

const anySettings: fc.Arbitrary<Settings> = fc.record({
  service,
  status: fc.record(
    { ...listener, enabled: fc.boolean(), htpasswdPath: path, nodesPath: path },
    { requiredKeys: ['address', 'port', 'tls', 'enabled'] },
  ),
  nodes: fc.dictionary(
    fc.oneof(
      fc.stringMatching(/^[0-9a-f]{32}$/),
      fc.constantFrom('a.b', 'ü "x"', '__proto__', '0', "it's"),
    ),
    fc.constantFrom('db-1', 'web 1, "rack" 4', 'ß', 'a'.repeat(100)),
  ),
  store: fc.oneof(
    etcd,
    fc.record({ kind: fc.constant('embedded' as const), path, transactionTimeoutMs }),
  ),
  lock: fc
    .record({
      groups: fc
        .tuple(
          fc.uniqueArray(
            fc.record(
              {
                name,
                slots,
                waitTimeoutMs: fc.nat(1_740_000),
                cooldownSeconds: fc.nat(86_400),
                ...staleness,
              },
              {
                requiredKeys: [
                  'name',
                  'slots',
                  'waitTimeoutMs',
                  'cooldownSeconds',
                  'staleAfterMinutes',
                ],
              },
            ),
            {
              selector: (group) => group.name,
              minLength: 1,
              maxLength: 5,
            },
          ),
          access,
          fc.array(allowed, { minLength: 5, maxLength: 5 }),
          fc.array(anyCalendar, { minLength: 5, maxLength: 5 }),
        )
        // What the default group has, the others have too, if not something else of their own.
        .map(([groups, first, others, calendars]) =>
          groups.map((group, index) => ({
            ...group,
            ...calendars[0],
            ...(index % 3 === 0 && calendars[index]),
            ...(index === 0 ? first : { ...first, ...(index % 2 === 0 && others[index]) }),
          })),
        ),
      slotsSource: fc.constantFrom('config' as const, 'store' as const),
      waitersMax: fc.nat(100_000),
    })
    .map((lock) => ({ ...lock, defaultGroupName: lock.groups[0]?.name ?? '' })),
  gates: anyGates,
  notify,
  log: fc.record({
    format: fc.constantFrom('logfmt' as const, 'json' as const),
    level: fc.constantFrom('error' as const, 'info' as const, 'trace' as const),
  }),
})

/** Every key of the schema by its last name, and where it stands. */
function keysOf(field: Field, parents: readonly string[] = []): readonly (readonly string[])[] {
  if (field.shape === 'value') return [parents]
  if (field.shape === 'map') return [[...parents, '<id>']]
  return Object.entries(field.fields).flatMap(([key, child]) =>
    keysOf(child, [...parents, child.shape === 'tables' ? `${key}[]` : key]),
  )
}

/** What stands for a key in a file; an id is any. */
function patternOf(keys: readonly string[]): string {
  const key = keys.at(-1) ?? ''
  return key === '<id>' ? '"[0-9a-f]{32}"' : key
}

describe('printSettings', () => {
  it('prints all that is in force, in the words of the file', () => {
    expect(printSettings(settingsOf(`${ETCD}\n[[lock.groups]]\nname = "a"`))).to.equal(
      [
        '[service]\naddress = "127.0.0.1"\nport = 3333\ntls = false\ntrusted_proxies = []\nmax_requests_per_minute = 0\n',
        '[status]\nenabled = true\naddress = "127.0.0.1"\nport = 2222\ntls = false\n',
        '[store]\nkind = "etcd"\n',
        '[etcd3]\nendpoints = [ "http://etcd1:2379" ]\ntransaction_timeout_ms = 3000\n',
        '[lock]\ndefault_group_name = "default"\ndefault_slots = 1\nslots_source = "config"\nwait_timeout_ms = 0\nwaiters_max = 10000\ncooldown_seconds = 0\nstale_after_minutes = 60\n',
        '[[lock.groups]]\nname = "a"\nslots = 1\nwait_timeout_ms = 0\ncooldown_seconds = 0\nstale_after_minutes = 60\n',
        '[notify]\nrefused_for_longer_than_minutes = 60\nwebhook = []\n',
        '[log]\nformat = "logfmt"\nlevel = "warn"\n',
      ].join('\n'),
    )
  })

  it('prints what parses to the same settings, without warnings of defaults', () => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        const printed = printSettings(settings)
        expect(settingsOf(printed)).to.deep.equal(settings)
        expect(warningsOf(printed).join()).to.not.include('is not set')
      }),
      { numRuns: 500 },
    )
  })

  it('prints what the environment has overridden', () => {
    const settings = settingsOf(EMBEDDED, { AIRLOCK__SERVICE__PORT: '1' })
    expect(settingsOf(printSettings(settings))).to.deep.equal(settings)
  })
})

describe('config/', () => {
  const read = (file: string): Promise<string> => readFile(new URL(file, ROOT), 'utf8')

  it('has a development.toml on loopback, without etcd', async () => {
    const toml = await read('config/development.toml')
    expect(warningsOf(toml)).to.deep.equal([])
    expect(settingsOf(toml)).to.deep.equal(settingsOf(EMBEDDED))
  })

  it('has a tutorial.toml without warnings', async () => {
    const toml = await read('config/tutorial.toml')
    expect(warningsOf(toml, {}, 26)).to.deep.equal([])
    expect(settingsOf(toml, {}, 26).store).to.deep.equal({
      kind: 'etcd',
      endpoints: ['https://etcd1.example.com:2379'],
      isSecure: true,
      clientCertPath: '/etc/airlock/tls/client-cert.pem',
      clientKeyPath: '/etc/airlock/tls/client-cert-key.pem',
      transactionTimeoutMs: 3000,
    })
  })

  it('has an example.toml in which only the endpoints are no default', async () => {
    const toml = await read('config/example.toml')
    const endpoints = '["https://etcd1.example.com:2379", "https://etcd2.example.com:2379"]'
    expect(warningsOf(toml, {}, 26)).to.deep.equal([])
    expect(settingsOf(toml)).to.deep.equal(settingsOf(`[etcd3]\nendpoints = ${endpoints}`))
  })

  it('has an example.toml whose keys behind "#" are valid too', async () => {
    const toml = (await read('config/example.toml'))
      .replace(/^#(?=[a-z[])/gm, '')
      .replaceAll('tls = false', 'tls = true')
    expect(warningsOf(toml, {}, 26)).to.deep.equal([
      'store.path: is not used: the store is etcd, because etcd3.endpoints is set',
    ])
    expect(Object.keys(settingsOf(toml).store)).to.have.length(10)
  })

  it('has an example.toml with every key, and docs/configuration.md explains each', async () => {
    const example = await read('config/example.toml')
    const docs = await read('docs/configuration.md')
    for (const keys of keysOf(SCHEMA)) {
      expect(example).to.match(new RegExp(`^#?${patternOf(keys)} = `, 'm'))
      expect(docs).to.include(`| \`${keys.join('.')}\` |`)
    }
  })

  it('has an everything.toml that uses every key, without warnings', async () => {
    const toml = await read('config/everything.toml')
    expect(warningsOf(toml, {}, 26)).to.deep.equal([])
    for (const keys of keysOf(SCHEMA)) {
      // It is about etcd, and that is the file of the embedded store.
      if (keys.join('.') !== 'store.path')
        expect(toml).to.match(new RegExp(`(?<![a-z_])${patternOf(keys)} = `))
    }
  })

  it('has a body.json as Zincati sends it', async () => {
    expect(JSON.parse(await read('config/body.json'))).to.deep.equal({
      client_params: { id: '978a225b3d7b40e9acd7ce9b62f68444', group: 'default' },
    })
  })
})
