import {
  EXPECTED_STATUS,
  GATE_TIMEOUT_MS,
  MAX_BLACKOUTS,
  MAX_GROUPS,
  MAX_HTTP_CHECKS,
  MAX_QUERY_LENGTH,
  MAX_REASON_LENGTH,
  MAX_WINDOWS,
  WINDOW_MINUTES,
} from './bounds.js'
import { key, optional, required, table, tables } from './field.js'
import {
  alertPattern,
  atLeastOne,
  day,
  line,
  remoteUrl,
  timeOfDay,
  weekdays,
} from './gate-value-types.js'
import { choice, groupName, integer, list, path, username } from './value-types.js'

const groups = optional(
  atLeastOne(
    list(groupName(), MAX_GROUPS),
    'expected at least one group; leave the key out for all of them',
  ),
)

/** How a gate shows who it is, and what it does when nobody answers. */
const remote = {
  timeout_ms: key(integer(GATE_TIMEOUT_MS), 3000),
  on_error: key(choice(['deny', 'allow']), 'deny'),
  bearer_token_path: optional(path()),
  username: optional(username()),
  password_path: optional(path()),
  ca_cert_path: optional(path()),
  groups,
}

/** Reboot windows in Zincati's words, of all groups or of one. */
export const WINDOWS = tables(
  {
    days: required(weekdays()),
    start_time: required(timeOfDay()),
    length_minutes: required(integer(WINDOW_MINUTES)),
  },
  MAX_WINDOWS,
)

/** Days on which nobody reboots. */
export const BLACKOUTS = tables(
  {
    from: required(day()),
    to: required(day()),
    reason: required(line(MAX_REASON_LENGTH)),
    groups,
  },
  MAX_BLACKOUTS,
)

/** What the PromQL is unless told: alerts that are pending do not count. */
export const DEFAULT_QUERY = 'ALERTS{alertstate="firing"}'

/** The gates that ask somebody else. */
export const GATES = table({
  prometheus: table({
    // Its absence means that there is no such gate.
    url: optional(remoteUrl({ mayHaveQuery: false })),
    query: key(line(MAX_QUERY_LENGTH), DEFAULT_QUERY),
    ignore: optional(alertPattern()),
    ...remote,
  }),
  http: tables(
    {
      url: required(remoteUrl({ mayHaveQuery: true })),
      name: optional(line(MAX_REASON_LENGTH)),
      expect_status: key(integer(EXPECTED_STATUS), 200),
      ...remote,
    },
    MAX_HTTP_CHECKS,
  ),
})
