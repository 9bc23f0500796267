import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** The two operations of the FleetLock protocol, as label values. */
export type Api = 'pre_reboot' | 'steady_state'

/** What the store is asked, as label values. */
export type StoreOperation = 'read' | 'commit'

/** prom-client's own collectors that stay: those of the process, which coreos/airlock exposes too. */
const DEFAULT_METRICS = /^process_/

/** Upper bounds in seconds: a request takes milliseconds, waits for etcd for seconds, then half an hour. */
const REQUEST_BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 10, 60, 300, 1800]

/** Upper bounds in seconds; a wait ends with the longest that can be configured, 29 minutes. */
const WAIT_BUCKETS = [0.1, 1, 5, 15, 30, 60, 120, 300, 600, 1200, 1740]

/** Upper bounds in seconds; a store operation ends with the transaction timeout, 3 s by default. */
const STORE_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 10]

/**
 * Every metric of one daemon, in a registry of its own. Labels are taken from closed or configured
 * sets only, never from what a client sends.
 */
export type Metrics = ReturnType<typeof createMetrics>

/** Creates the metrics; the names that coreos/airlock has keep their meaning. */
export function createMetrics(version: string) {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  for (const { name } of registry.getMetricsAsArray()) {
    if (!DEFAULT_METRICS.test(name)) registry.removeSingleMetric(name)
  }
  new Gauge({
    name: 'airlock_build_info',
    help: 'Always 1; which airlock runs on which Node.js.',
    labelNames: ['version', 'node_version'],
    registers,
  }).set({ version, node_version: process.version }, 1)

  return {
    registry,
    ...groupMetrics(registers),
    ...requestMetrics(registers),
    ...doorMetrics(registers),
    ...storeMetrics(registers),
    ...staleMetrics(registers),
    ...notifyMetrics(registers),
  }
}

function groupMetrics(registers: Registry[]) {
  return {
    configGroups: new Gauge({
      name: 'airlock_config_groups',
      help: 'Number of groups in the configuration.',
      registers,
    }),
    configSlots: new Gauge({
      name: 'airlock_config_semaphore_slots',
      help: 'Slots of a group in the configuration.',
      labelNames: ['group'],
      registers,
    }),
    databaseSlots: new Gauge({
      name: 'airlock_database_semaphore_slots',
      help: 'Slots of a group in the store; not there while its document is not, or cannot be read.',
      labelNames: ['group'],
      registers,
    }),
    databaseHolders: new Gauge({
      name: 'airlock_database_semaphore_lock_holders',
      help: 'Slots of a group that are held, in the store; not there while its document is not.',
      labelNames: ['group'],
      registers,
    }),
    waiters: new Gauge({
      name: 'airlock_waiters',
      help: 'Pre-reboot requests of a group that wait for a slot at this replica.',
      labelNames: ['group'],
      registers,
    }),
    waitDuration: new Histogram({
      name: 'airlock_wait_duration_seconds',
      help: 'Time that pre-reboot requests have waited for a slot, however the wait ended.',
      buckets: WAIT_BUCKETS,
      registers,
    }),
    gateClosed: new Gauge({
      name: 'airlock_gate_closed',
      help: '1 while a gate of a group lets nobody take a slot, as far as it was asked, else 0.',
      labelNames: ['group', 'gate'],
      registers,
    }),
    gateSince: new Gauge({
      name: 'airlock_gate_state_since_timestamp_seconds',
      help: 'Since when a gate of a group is open or closed, as far as it was asked.',
      labelNames: ['group', 'gate'],
      registers,
    }),
    gateFailing: new Gauge({
      name: 'airlock_gate_failing',
      help: '1 while a gate of a group cannot be asked, as far as it was, and its on_error decides, else 0.',
      labelNames: ['group', 'gate'],
      registers,
    }),
    mismatches: new Gauge({
      name: 'airlock_consistency_mismatches',
      help: 'Groups whose stored state does not match the configuration, by kind of mismatch; unconfigured ones count while they have holders.',
      labelNames: ['kind'],
      registers,
    }),
  }
}

function requestMetrics(registers: Registry[]) {
  return {
    preRebootRequests: new Counter({
      name: 'airlock_v1_pre_reboot_incoming_requests_total',
      help: 'Requests to /v1/pre-reboot.',
      registers,
    }),
    steadyStateRequests: new Counter({
      name: 'airlock_v1_steady_state_incoming_requests_total',
      help: 'Requests to /v1/steady-state.',
      registers,
    }),
    requests: new Counter({
      name: 'airlock_requests_total',
      help: 'Answered requests by api and outcome: what was done, or the kind of the error.',
      labelNames: ['api', 'outcome'],
      registers,
    }),
    requestDuration: new Histogram({
      name: 'airlock_request_duration_seconds',
      help: 'Time from a request to its answer.',
      labelNames: ['api'],
      buckets: REQUEST_BUCKETS,
      registers,
    }),
  }
}

function doorMetrics(registers: Registry[]) {
  return {
    credentialsRefused: new Counter({
      name: 'airlock_credentials_refused_total',
      help: 'Requests whose HTTP Basic credentials were missing, wrong or not looked at.',
      labelNames: ['service', 'reason'],
      registers,
    }),
    certificateExpiry: new Gauge({
      name: 'airlock_certificate_expiry_timestamp_seconds',
      help: "When the certificate that a service shows expires, in seconds since Unix' epoch.",
      labelNames: ['service'],
      registers,
    }),
  }
}

function storeMetrics(registers: Registry[]) {
  return {
    storeDuration: new Histogram({
      name: 'airlock_store_operation_duration_seconds',
      help: 'Time that an operation of the store took, failed ones included.',
      labelNames: ['operation'],
      buckets: STORE_BUCKETS,
      registers,
    }),
    storeErrors: new Counter({
      name: 'airlock_store_errors_total',
      help: 'Failed operations of the store; after an unknown one a commit may have happened.',
      labelNames: ['operation', 'kind'],
      registers,
    }),
    storeConflicts: new Counter({
      name: 'airlock_store_conflicts_total',
      help: 'Commits that lost against a change by somebody else and were tried again.',
      registers,
    }),
    storeUp: new Gauge({
      name: 'airlock_store_up',
      help: '1 while the last operation of the store succeeded, else 0.',
      registers,
    }),
  }
}

function staleMetrics(registers: Registry[]) {
  return {
    staleHolders: new Gauge({
      name: 'airlock_stale_holders',
      help: 'Machines of a group that hold their slot for longer than stale_after_minutes.',
      labelNames: ['group'],
      registers,
    }),
    oldestHolderAge: new Gauge({
      name: 'airlock_oldest_holder_age_seconds',
      help: 'For how long the oldest holder of a group has held its slot; 0 if nobody holds one.',
      labelNames: ['group'],
      registers,
    }),
    staleReleases: new Counter({
      name: 'airlock_stale_releases_total',
      help: 'Stale holders that this replica has released by stale_release.',
      labelNames: ['group'],
      registers,
    }),
  }
}

function notifyMetrics(registers: Registry[]) {
  return {
    notifications: new Counter({
      name: 'airlock_notifications_total',
      help: 'Notifications to webhooks by what they tell and what became of them.',
      labelNames: ['event', 'outcome'],
      registers,
    }),
    notificationAttempts: new Counter({
      name: 'airlock_notification_failed_attempts_total',
      help: 'Attempts to deliver a notification that failed and are made again.',
      registers,
    }),
    notificationQueue: new Gauge({
      name: 'airlock_notification_queue_length',
      help: 'Notifications that wait for a webhook, which is named by its place in the configuration.',
      labelNames: ['webhook'],
      registers,
    }),
  }
}
