import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { EMBEDDED, problemsOf, settingsOf, warningsOf } from './parse-helpers.js'

const WINDOW = 'days = ["Sat"]\nstart_time = "23:30"\nlength_minutes = 60'
const REMOTE = { timeoutMs: 3000, onError: 'deny' }

function lockOf(toml: string) {
  return settingsOf(`${EMBEDDED}\n${toml}`).lock.groups.map(({ name, timeZone, windows }) => ({
    name,
    timeZone,
    windows: windows?.map(({ days, startTime, lengthMinutes }) =>
      [days.join('+'), startTime, lengthMinutes].join(' '),
    ),
  }))
}

describe('windows and time zones', () => {
  it('hold for all groups, unless a group has its own', () => {
    const toml = `
      [lock]
      time_zone = "Europe/Berlin"
      [[lock.window]]
      days = ["sat", "Sunday", "WED"]
      start_time = "23:30"
      length_minutes = 60
      [[lock.groups]]
      name = "a"
      [[lock.groups]]
      name = "b"
      time_zone = "UTC"
      [[lock.groups.window]]
      ${WINDOW}
      [[lock.groups.window]]
      days = ["Mon"]
      start_time = "0:00"
      length_minutes = 10080
      [[lock.groups]]
      name = "c"
      window = []`
    const all = ['Sat+Sun+Wed 23:30 60']
    expect(lockOf(toml)).to.deep.equal([
      { name: 'default', timeZone: 'Europe/Berlin', windows: all },
      { name: 'a', timeZone: 'Europe/Berlin', windows: all },
      { name: 'b', timeZone: 'UTC', windows: ['Sat 23:30 60', 'Mon 0:00 10080'] },
      { name: 'c', timeZone: 'Europe/Berlin', windows: undefined },
    ])
  })
})

describe('blackouts', () => {
  it('take TOML dates and text', () => {
    const toml = `${EMBEDDED}
      [[lock.blackout]]
      from = 2026-12-20
      to = "2027-01-03"
      reason = "Christmas"
      groups = ["default"]`
    expect(settingsOf(toml).gates.blackouts).to.deep.equal([
      { from: '2026-12-20', to: '2027-01-03', reason: 'Christmas', groups: ['default'] },
    ])
  })
})

describe('gates', () => {
  it('have defaults', () => {
    const toml = `${EMBEDDED}
      [gates.prometheus]
      url = "https://prometheus/x"
      [[gates.http]]
      url = "https://health:8008/ok?verbose=1"`
    expect(settingsOf(toml).gates).to.deep.equal({
      blackouts: [],
      prometheus: { url: 'https://prometheus/x', query: 'ALERTS{alertstate="firing"}', ...REMOTE },
      http: [
        {
          url: 'https://health:8008/ok?verbose=1',
          name: 'https://health:8008/ok',
          expectStatus: 200,
          ...REMOTE,
        },
      ],
    })
    expect(warningsOf(toml)).to.deep.equal([])
  })

  it('take every key from the environment, but not the lists', () => {
    const environment = {
      AIRLOCK__GATES__PROMETHEUS__URL: 'https://p',
      AIRLOCK__GATES__PROMETHEUS__GROUPS: 'default',
      AIRLOCK__GATES__PROMETHEUS__BEARER_TOKEN_PATH: '/run/token',
    }
    expect(settingsOf(EMBEDDED, environment).gates.prometheus).to.include({
      url: 'https://p',
      bearerTokenPath: '/run/token',
    })
    expect(problemsOf(EMBEDDED, { AIRLOCK__LOCK__WINDOW: '1' })).to.deep.equal([
      'AIRLOCK__LOCK__WINDOW: cannot be set from the environment; write [[lock.window]] in the file',
    ])
  })

  it('take the variables of the fork of poseidon/fleetlock, and its query', () => {
    const environment = { PROMETHEUS_URL: 'https://p', PROMETHEUS_FILTER: '^Watchdog$' }
    expect(settingsOf(EMBEDDED, environment).gates.prometheus).to.deep.equal({
      url: 'https://p',
      query: 'ALERTS',
      ignore: '^Watchdog$',
      ...REMOTE,
    })
    const query = { ...environment, PROMETHEUS_QUERY: 'up == 0', PROMETHEUS_FILTER: '' }
    expect(settingsOf(EMBEDDED, query).gates.prometheus).to.deep.equal({
      url: 'https://p',
      query: 'up == 0',
      ...REMOTE,
    })
  })

  it('take what the file has beside the URL', () => {
    const toml = `${EMBEDDED}\n[gates.prometheus]\non_error = "allow"\nquery = "up == 0"`
    const environment = { PROMETHEUS_URL: 'https://p' }
    expect(settingsOf(toml, environment).gates.prometheus).to.deep.equal({
      url: 'https://p',
      query: 'up == 0',
      ...REMOTE,
      onError: 'allow',
    })
  })

  it('do not take them beside a URL of the file, nor without one, and say so', () => {
    const toml = `${EMBEDDED}\n[gates.prometheus]\nurl = "https://a"`
    const environment = { PROMETHEUS_URL: 'https://b', PROMETHEUS_QUERY: 'up' }
    expect(settingsOf(toml, environment).gates).to.deep.equal(settingsOf(toml).gates)
    const without = { PROMETHEUS_QUERY: 'up' }
    expect(settingsOf(EMBEDDED, without).gates.prometheus).to.equal(undefined)
    expect(warningsOf(EMBEDDED, without)).to.deep.equal([
      'PROMETHEUS_QUERY: is not used: PROMETHEUS_URL is not set',
    ])
  })

  it('name the variable that is wrong, also where it would not be used', () => {
    expect(problemsOf(EMBEDDED, { PROMETHEUS_FILTER: '(' })[0]).to.match(/^PROMETHEUS_FILTER: /)
    expect(problemsOf(EMBEDDED, { PROMETHEUS_URL: 'prometheus:9090' })).to.deep.equal([
      'PROMETHEUS_URL: expected an http or https URL without a user, a password, a query or a fragment, got "prometheus:9090"',
    ])
  })
})

describe('docs/gates.md', () => {
  it('has examples that are complete, and without problems', async () => {
    const docs = await readFile(new URL('../../../../docs/gates.md', import.meta.url), 'utf8')
    const examples = [...docs.matchAll(/```toml\n(.*?)```/gs)].map(([, toml]) => toml ?? '')
    expect(examples).to.have.length(4)
    for (const toml of examples) {
      const settings = settingsOf(toml)
      const { gates, lock } = settings
      const hasGate = [gates.blackouts, gates.http, lock.groups[0]?.windows ?? []].flat().length > 0
      expect(hasGate || gates.prometheus !== undefined).to.equal(true)
    }
  })
})

describe('warnings of gates', () => {
  const WARNINGS: readonly (readonly [toml: string, line: string])[] = [
    [
      `[[gates.http]]\nurl = "https://h"\non_error = "allow"`,
      'gates.http[0].on_error: "allow" lets machines reboot while nobody answers this gate',
    ],
    [
      '[gates.prometheus]\nurl = "http://p"\nca_cert_path = "/ca"',
      'gates.prometheus.ca_cert_path: is not used: the URL is http',
    ],
    [
      '[gates.prometheus]\nurl = "http://p"\nbearer_token_path = "/t"',
      'gates.prometheus.url: is http: the secret crosses the network in the clear',
    ],
  ]
  for (const [toml, line] of WARNINGS) {
    it(line, () => {
      expect(warningsOf(`${EMBEDDED}\n${toml}`)).to.deep.equal([line])
    })
  }
})
