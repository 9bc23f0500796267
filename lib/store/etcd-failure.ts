import { isBrokenCircuitError } from 'cockatiel'
import {
  EtcdAuthenticationFailedError,
  EtcdInvalidAuthTokenError,
  EtcdPermissionDeniedError,
  GRPCDeadlineExceededError,
  GRPCInvalidArgumentError,
  GRPCResourceExhastedError,
  GRPCUnauthenticatedError,
  GRPCUnavailableError,
} from 'etcd3'
import { etcdSentence } from './etcd-sentence.js'

/** What an error of the etcd client means for a caller. */
export interface EtcdFailure {
  /** A sentence for an operator. */
  readonly message: string
  /** Whether the same call may succeed a moment later, perhaps on another endpoint. */
  readonly mayPass: boolean
  /** Whether the call surely changed nothing. Anything not known to be sure is not. */
  readonly isSurelyNotCommitted: boolean
  /** Whether this only says that every endpoint was set aside after an earlier, real failure. */
  readonly isSetAside: boolean
}

/**
 * Texts of grpc-js for a call that never left this process. The client drops the error's code, so the
 * text is all there is; a text that is not listed counts as possibly committed.
 */
const NEVER_SENT = [
  'No connection established',
  'Name resolution failed',
  'Channel closed before call started',
  'Failed to connect',
]

/**
 * Answers by which etcd says that it did not take the request; it checks these before it proposes it,
 * or when it applies it, and then applies nothing.
 *
 * That it is out of space is none of them: etcd also says so of transactions that were on their way when
 * its space ended, and has applied those (`quotaApplierV3` in its source).
 */
const REFUSED_BY_ETCD = [
  'etcdserver: request is too large',
  'etcdserver: too many operations in txn request',
  'etcdserver: duplicate key given in txn request',
  'etcdserver: too many requests',
  'etcdserver: user name is empty',
]

/** Explains an error thrown by the etcd client. */
export function explainEtcdError(error: Error): EtcdFailure {
  const text = error.message
  const isSetAside = isBrokenCircuitError(error)
  const isRefused =
    error instanceof EtcdPermissionDeniedError ||
    error instanceof EtcdAuthenticationFailedError ||
    error instanceof EtcdInvalidAuthTokenError ||
    error instanceof GRPCUnauthenticatedError ||
    error instanceof GRPCInvalidArgumentError ||
    REFUSED_BY_ETCD.some((part) => text.includes(part))
  const isNeverSent =
    isSetAside ||
    (error instanceof GRPCUnavailableError && NEVER_SENT.some((part) => text.includes(part)))
  const isBusy = text.includes('too many requests')
  return {
    message: sentence(error),
    mayPass: isBusy || !(isRefused || error instanceof GRPCResourceExhastedError),
    isSurelyNotCommitted: isRefused || isNeverSent,
    isSetAside,
  }
}

/**
 * Whether an error speaks against the endpoint itself, so that the next calls should go to others:
 * it did not answer in time, or there was no connection. What etcd itself answers (a change of leader,
 * say) does not: another endpoint would answer the same.
 */
export function isEndpointFault(error: Error): boolean {
  return (
    error instanceof GRPCDeadlineExceededError ||
    (error instanceof GRPCUnavailableError && !error.message.includes('etcdserver:'))
  )
}

function sentence(error: Error): string {
  if (isBrokenCircuitError(error)) return 'every endpoint failed a moment ago'
  if (error instanceof GRPCDeadlineExceededError) return 'etcd did not answer in time'
  return etcdSentence(error.message)
}
