import type { RebootWindow } from '../calendar/weekly-windows.js'
import type { Fragment } from './schema.js'
import type { GateSettings, GroupSettings, HttpCheckSettings } from './settings.js'

/** A fragment in which each key is named, and which leaves out what is undefined. */
export type Printed<T> =
  | undefined
  | (T extends readonly (infer U)[]
      ? readonly Printed<U>[]
      : T extends object
        ? { readonly [K in keyof T]: Printed<T[K]> }
        : T)

/** The table `gates` of these settings. */
export function printGates({ prometheus, http }: GateSettings): Printed<Fragment['gates']> {
  return {
    // Its defaults without a URL would be a problem.
    prometheus: prometheus && {
      url: prometheus.url,
      query: prometheus.query,
      ignore: prometheus.ignore,
      ...printRemote(prometheus),
    },
    http: unlessEmpty(
      http.map((check) => ({
        url: check.url,
        name: check.name,
        expect_status: check.expectStatus,
        ...printRemote(check),
      })),
    ),
  }
}

/** The list `lock.blackout`. */
export function printBlackouts({ blackouts }: GateSettings): Printed<Fragment['lock']['blackout']> {
  return unlessEmpty(
    blackouts.map(({ from, to, reason, groups }) => ({ from, to, reason, groups })),
  )
}

/** The windows of the default group, which the others have too unless they have their own. */
export function printDefaultCalendar(group: GroupSettings | undefined) {
  return { time_zone: group?.timeZone, window: group?.windows?.map(printWindow) }
}

/** The windows of another group; an empty list says that it has none where the default group has. */
export function printCalendar(group: GroupSettings, defaultGroup: GroupSettings | undefined) {
  const none = defaultGroup?.windows === undefined ? undefined : []
  return { time_zone: group.timeZone, window: group.windows?.map(printWindow) ?? none }
}

function unlessEmpty<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length === 0 ? undefined : items
}

function printWindow({ days, startTime, lengthMinutes }: RebootWindow) {
  return { days, start_time: startTime, length_minutes: lengthMinutes }
}

function printRemote(remote: HttpCheckSettings | NonNullable<GateSettings['prometheus']>) {
  return {
    timeout_ms: remote.timeoutMs,
    on_error: remote.onError,
    bearer_token_path: remote.bearerTokenPath,
    username: remote.username,
    password_path: remote.passwordPath,
    ca_cert_path: remote.caCertPath,
    groups: remote.groups,
  }
}
