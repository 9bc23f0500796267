import { doorEvents } from './door-events.js'
import { gateEvents } from './gate-events.js'
import { groupEvents } from './group-events.js'
import type { Logger } from './logger.js'
import type { Api, Metrics, StoreOperation } from './metrics.js'
import { notifyEvents } from './notify-events.js'
import { staleEvents } from './stale-events.js'

/** Which request a line is about. `group` and `id` are known once the body has been read. */
export interface RequestContext {
  readonly requestId: string
  /** The address that asks. */
  readonly client?: string | undefined
  /** Whose password was right. */
  readonly user?: string | undefined
  readonly group?: string | undefined
  readonly id?: string | undefined
}

/** How a request ended: the outcome's or the error's name, and a sentence where it was not done. */
export interface RequestEnd {
  readonly status: number
  readonly outcome: string
  readonly value?: string | undefined
  readonly durationSeconds: number
}

const WHAT: Readonly<Record<Api, string>> = {
  pre_reboot: 'pre-reboot request',
  steady_state: 'steady-state report',
}

/**
 * One function an event; each holds the event's log line and its metrics together, so that neither is
 * forgotten and both tell the same. This is the only writer of either.
 */
export type Events = ReturnType<typeof createEvents>

/** Creates the events of one daemon. */
export function createEvents(logger: Logger, metrics: Metrics) {
  return {
    ...requestEvents(logger, metrics),
    ...storeEvents(logger, metrics),
    ...groupEvents(logger, metrics),
    ...doorEvents(logger, metrics),
    ...gateEvents(logger, metrics),
    ...staleEvents(logger, metrics),
    ...notifyEvents(logger, metrics),
    ...daemonEvents(logger),
  }
}

function requestEvents(logger: Logger, metrics: Metrics) {
  return {
    requestArrived(api: Api): void {
      if (api === 'pre_reboot') metrics.preRebootRequests.inc()
      else metrics.steadyStateRequests.inc()
    },

    requestAccepted(api: Api, { requestId, client, user, group, id }: RequestContext): void {
      if (!logger.isEnabled('debug')) return
      const fields = { group, id, user, client, request_id: requestId }
      logger.log('debug', `processing client ${WHAT[api]}`, fields)
    },

    requestAnswered(api: Api, context: RequestContext, end: RequestEnd): void {
      const { status, outcome, value, durationSeconds } = end
      metrics.requests.inc({ api, outcome })
      metrics.requestDuration.observe({ api }, durationSeconds)
      if (!logger.isEnabled('info')) return
      const isDone = status === 200
      logger.log('info', `giving ${isDone ? 'green' : 'red'} flag to ${WHAT[api]}`, {
        group: context.group,
        id: context.id,
        outcome,
        reason: value,
        status,
        duration_ms: Math.round(durationSeconds * 1000),
        user: context.user,
        client: context.client,
        request_id: context.requestId,
      })
    },

    requestFailed(context: RequestContext, error: unknown): void {
      logger.log('error', 'internal error while answering a request', {
        group: context.group,
        id: context.id,
        request_id: context.requestId,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      })
    },
  }
}

function storeEvents(logger: Logger, metrics: Metrics) {
  let trouble: string | undefined
  return {
    storeOperation(operation: StoreOperation, durationSeconds: number): void {
      metrics.storeDuration.observe({ operation }, durationSeconds)
      metrics.storeUp.set(1)
      if (trouble === undefined) return
      trouble = undefined
      logger.log('notice', 'the store answers again')
    },

    /** The line is written when the trouble begins or its reason changes, not for every operation. */
    storeOperationFailed(
      operation: StoreOperation,
      durationSeconds: number,
      { kind, message }: { readonly kind: string; readonly message: string },
    ): void {
      metrics.storeDuration.observe({ operation }, durationSeconds)
      metrics.storeErrors.inc({ operation, kind })
      metrics.storeUp.set(0)
      logger.log('debug', 'store operation failed', { operation, kind, reason: message })
      if (trouble === message) return
      trouble = message
      logger.log('warn', 'the store cannot be used', { operation, reason: message })
    },

    storeConflict(group: string): void {
      metrics.storeConflicts.inc()
      logger.log('debug', 'another writer was faster; deciding again', { group })
    },

    groupUnsettled(group: string, reason: string): void {
      logger.log('warn', 'a commit may or may not have happened; fencing it before any answer', {
        group,
        reason,
      })
    },

    groupSettled(group: string): void {
      logger.log('notice', 'the uncertain commit is fenced', { group })
    },

    groupCorrupt(group: string, key: string, problem: string): void {
      logger.log('error', 'the stored document is not a semaphore; it is left as it is', {
        group,
        key,
        problem,
      })
    },
  }
}

function daemonEvents(logger: Logger) {
  return {
    ready(fields: { service: string; status: string; store: string; version: string }): void {
      logger.log('notice', 'airlock is ready', fields)
    },

    /** `url` is the main service's; `isGuarded`: it asks for a user and a password. */
    firstRequestHint(url: string, isGuarded: boolean): void {
      const user = isGuarded ? ' -u USER' : ''
      const command = `curl${user} -H 'fleet-lock-protocol: true' -d @config/body.json ${url}/v1/pre-reboot`
      logger.log('info', `a first request: ${command}`)
    },

    configWarning(path: string, message: string): void {
      logger.log('warn', 'configuration', { at: path, warning: message })
    },

    /** `staying`: sections and keys that differ in the file and need a restart. */
    reloaded(staying: readonly string[]): void {
      const fields = staying.length === 0 ? {} : { needs_restart: staying.join(',') }
      logger.log('notice', 'the configuration has been reloaded', fields)
    },

    reloadRefused(problems: string): void {
      logger.log('error', 'the configuration is invalid; the old one stays in force', { problems })
    },

    systemdNotTold(reason: string): void {
      logger.log('warn', 'systemd could not be told how airlock fares', { reason })
    },

    stopping(reason: string): void {
      logger.log('notice', 'airlock is stopping', { reason })
    },

    stopped(): void {
      logger.log('notice', 'airlock has stopped')
    },
  }
}
