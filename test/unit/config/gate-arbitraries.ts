import fc from 'fast-check'
import { WEEKDAYS } from '../../../lib/calendar/weekly-windows.js'
import type { GateSettings, GroupSettings } from '../../../lib/config/settings.js'

const path = fc.stringMatching(/^\/[a-z]{1,8}$/)
const day = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))
const line = fc.constantFrom('Christmas', '"quoted"', 'a \\ b', 'ü', '#')

const window = fc.record({
  days: fc.subarray([...WEEKDAYS], { minLength: 1 }),
  startTime: fc.constantFrom('00:00', '23:59', '7:05'),
  lengthMinutes: fc.integer({ min: 1, max: 10_080 }),
})

/** When a group's machines may take slots. */
export const anyCalendar: fc.Arbitrary<Pick<GroupSettings, 'timeZone' | 'windows'>> = fc.record(
  {
    timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'Australia/Lord_Howe'),
    windows: fc.array(window, { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: ['timeZone'] },
)

const auth = fc.oneof(
  fc.constant({}),
  fc.record({ bearerTokenPath: path }),
  fc.record({ username: line, passwordPath: path }),
)

const remote = {
  url: fc.constantFrom('https://a.example.com/x', 'http://[::1]:9090', 'http://localhost:1/'),
  timeoutMs: fc.integer({ min: 100, max: 10_000 }),
  onError: fc.constantFrom('deny' as const, 'allow' as const),
  caCertPath: path,
  auth,
}
const required = ['url', 'timeoutMs', 'onError', 'auth'] as const

const prometheus = fc
  .record(
    { ...remote, query: line, ignore: fc.constantFrom('^(A|B)$', '(?i)x.*') },
    { requiredKeys: [...required, 'query'] },
  )
  .map(({ auth: credentials, ...rest }) => ({ ...rest, ...credentials }))

const check = fc
  .record(
    { ...remote, name: line, expectStatus: fc.integer({ min: 200, max: 599 }) },
    { requiredKeys: [...required, 'name', 'expectStatus'] },
  )
  .map(({ auth: credentials, ...rest }) => ({ ...rest, ...credentials }))

/** Blackouts, and gates that hold for all groups. */
export const anyGates: fc.Arbitrary<GateSettings> = fc.record(
  {
    blackouts: fc.array(
      fc.tuple(day, day, line).map(([a, b, reason]) => ({
        from: a < b ? a : b,
        to: a < b ? b : a,
        reason,
      })),
      { maxLength: 3 },
    ),
    prometheus,
    http: fc.array(check, { maxLength: 3 }),
  },
  { requiredKeys: ['blackouts', 'http'] },
)
