import { expect } from 'chai'
import { EMBEDDED, problemsOf } from './parse-helpers.js'

const WINDOW = 'days = ["Sat"]\nstart_time = "23:30"\nlength_minutes = 60'
const PROMETHEUS = '[gates.prometheus]\nurl = "https://p"\n'
const HTTP = '[[gates.http]]\nurl = "https://h"\n'
const URLS = 'expected an http or https URL without a user, a password'

const MISTAKES: readonly (readonly [toml: string, line: string])[] = [
  [
    '[lock]\ntime_zone = "Europe/Berln"',
    'lock.time_zone: expected a time zone like "Europe/Berlin" or "UTC", got "Europe/Berln"; did you mean "Europe/Berlin"?',
  ],
  [
    '[[lock.groups]]\nname = "a"\ntime_zone = "localtime"',
    'lock.groups[0].time_zone: expected a time zone like "Europe/Berlin" or "UTC", got "localtime"',
  ],
  [
    '[lock]\ntime_zone = 1',
    'lock.time_zone: expected a time zone like "Europe/Berlin" or "UTC", got 1',
  ],
  [
    '[[lock.window]]\ndays = ["Sat", "Sa"]\nstart_time = "1:00"\nlength_minutes = 1',
    'lock.window[0].days[1]: expected a day of the week like "Sat" or "Saturday", got "Sa"',
  ],
  [
    '[[lock.window]]\ndays = []\nstart_time = "1:00"\nlength_minutes = 1',
    'lock.window[0].days: expected at least one day',
  ],
  [
    '[[lock.window]]\ndays = ["Sat"]\nstart_time = "24:00"\nlength_minutes = 1',
    'lock.window[0].start_time: expected a time from "00:00" to "23:59", got "24:00"',
  ],
  [
    '[[lock.window]]\ndays = ["Sat"]\nstart_time = 23:30:00\nlength_minutes = 1',
    'lock.window[0].start_time: expected a time from "00:00" to "23:59", got the time 23:30:00.000',
  ],
  [
    '[[lock.window]]\ndays = ["Sat"]\nstart_time = "23:30"\nlength_minutes = 10081',
    'lock.window[0].length_minutes: expected an integer from 1 to 10080, got 10081',
  ],
  ['[[lock.window]]\ndays = ["Sat"]\nlength_minutes = 1', 'lock.window[0].start_time: is missing'],
  [
    `[[lock.groups]]\nname = "a"\n[[lock.groups.window]]\n${WINDOW}\nfoo = 1`,
    'lock.groups[0].window[0].foo: unknown key; the keys here are days, start_time, length_minutes',
  ],
  [
    '[[lock.blackout]]\nfrom = 2027-01-03\nto = 2026-12-20\nreason = "x"',
    'lock.blackout[0].to: is before "from", which is 2027-01-03: 2026-12-20',
  ],
  [
    '[[lock.blackout]]\nfrom = "2026-02-30"\nto = 2026-03-01\nreason = "x"',
    'lock.blackout[0].from: expected a day like 2026-12-20, got "2026-02-30"',
  ],
  [
    '[[lock.blackout]]\nfrom = 2026-02-01T00:00:00Z\nto = 2026-03-01\nreason = "x"',
    'lock.blackout[0].from: expected a day like 2026-12-20, got the date-time 2026-02-01T00:00:00.000Z',
  ],
  [
    '[[lock.blackout]]\nfrom = 2026-02-01\nto = 2026-03-01\nreason = ""',
    'lock.blackout[0].reason: expected one line of 1 to 200 characters, got ""',
  ],
  [
    '[[lock.blackout]]\nfrom = 2026-02-01\nto = 2026-03-01\nreason = "x"\ngroups = ["a"]',
    'lock.blackout[0].groups[0]: there is no group "a"',
  ],
  [
    '[gates.prometheus]\nquery = "up"',
    'gates.prometheus.url: is missing: gates.prometheus.query is set, and needs it',
  ],
  [
    '[gates.prometheus]\nurl = "https://me:secret@p"',
    `gates.prometheus.url: ${URLS}, a query or a fragment, got "https://***@p"`,
  ],
  [
    '[gates.prometheus]\nurl = "https://p/?a"',
    `gates.prometheus.url: ${URLS}, a query or a fragment, got "https://p/?a"`,
  ],
  [
    `${PROMETHEUS}ignore = "(a"`,
    'gates.prometheus.ignore: expected a regular expression as RE2 has it, got "(a": missing closing ): `(a`',
  ],
  [
    `${PROMETHEUS}groups = []`,
    'gates.prometheus.groups: expected at least one group; leave the key out for all of them',
  ],
  [`${PROMETHEUS}groups = ["a"]`, 'gates.prometheus.groups[0]: there is no group "a"'],
  [
    `${PROMETHEUS}timeout_ms = 10001`,
    'gates.prometheus.timeout_ms: expected an integer from 100 to 10000, got 10001',
  ],
  [
    `${PROMETHEUS}on_error = "open"`,
    'gates.prometheus.on_error: expected "deny" or "allow", got "open"',
  ],
  [
    `${PROMETHEUS}username = "a"`,
    'gates.prometheus.password_path: is missing: gates.prometheus.username is set, and needs it',
  ],
  [
    `${PROMETHEUS}username = "a"\npassword_path = "/p"\nbearer_token_path = "/t"`,
    'gates.prometheus.bearer_token_path: excludes gates.prometheus.username: choose one of them',
  ],
  ['[[gates.http]]\nname = "a"', 'gates.http[0].url: is missing'],
  [`[[gates.http]]\nurl = "h"`, `gates.http[0].url: ${URLS} or a fragment, got "h"`],
  [
    `${HTTP}expect_status = 101`,
    'gates.http[0].expect_status: expected an integer from 200 to 599, got 101',
  ],
  [
    `${HTTP}password_path = "/p"`,
    'gates.http[0].username: is missing: gates.http[0].password_path is set, and needs it',
  ],
  [`${HTTP}groups = ["default", "b"]`, 'gates.http[0].groups[1]: there is no group "b"'],
]

describe('each mistake with gates gives its own line', () => {
  for (const [toml, line] of MISTAKES) {
    it(line.slice(0, 120), () => {
      expect(problemsOf(`${EMBEDDED}\n${toml}`)).to.deep.equal([line])
    })
  }
})
