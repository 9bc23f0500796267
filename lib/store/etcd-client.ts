import { circuitBreaker, ConsecutiveBreaker, handleWhen, noop } from 'cockatiel'
import { Etcd3, type IOptions } from 'etcd3'
import type { EtcdCredentials } from './etcd-credentials.js'
import { isEndpointFault } from './etcd-failure.js'
import type { EtcdOptions } from './store-options.js'

/**
 * Longest time one call to one endpoint may take, in milliseconds: three attempts fit into the default
 * transaction timeout, so that one frozen endpoint does not use it up.
 */
export const ATTEMPT_MS = 900

/** An endpoint is set aside after this many faults in a row, for {@link HALF_OPEN_AFTER_MS}. */
const FAULTS_BEFORE_SET_ASIDE = 2

/** How long an endpoint is set aside before one call tries it again, in milliseconds. */
const HALF_OPEN_AFTER_MS = 1000

/**
 * Creates the one etcd client of a store. Its own retries are off: they repeat writes, and then report
 * a write that succeeded as a conflict. Its circuit breakers are replaced by ones that only count
 * faults of the endpoint and close again quickly.
 */
export function createEtcdClient(
  options: EtcdOptions,
  credentials: EtcdCredentials,
  now: () => number,
): Etcd3 {
  const clientOptions: IOptions = {
    hosts: [...options.endpoints],
    grpcOptions: {
      'grpc.enable_http_proxy': 0,
      'grpc.service_config_disable_resolution': 1,
      // Not permit_without_calls: etcd drops idle connections that ping.
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 3_000,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.min_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
      // A snapshot of many large groups may exceed the default of 4 MiB; etcd bounds what it stores.
      'grpc.max_receive_message_length': 256 * 1024 * 1024,
      ...(options.serverName === undefined
        ? {}
        : { 'grpc.ssl_target_name_override': options.serverName }),
    },
    // A factory, because a deadline is a moment: a constant would fail every call soon after the start.
    defaultCallOptions: (context) => (context.isStream ? {} : { deadline: now() + ATTEMPT_MS }),
    faultHandling: {
      global: noop,
      host: () =>
        circuitBreaker(handleWhen(isEndpointFault), {
          halfOpenAfter: HALF_OPEN_AFTER_MS,
          breaker: new ConsecutiveBreaker(FAULTS_BEFORE_SET_ASIDE),
        }),
    },
    ...(credentials.tls === undefined ? {} : { credentials: credentials.tls }),
    ...(credentials.auth === undefined ? {} : { auth: credentials.auth }),
  }
  return new Etcd3(clientOptions)
}
