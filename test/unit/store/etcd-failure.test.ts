import { expect } from 'chai'
import { BrokenCircuitError } from 'cockatiel'
import {
  EtcdPermissionDeniedError,
  GRPCDeadlineExceededError,
  GRPCInvalidArgumentError,
  GRPCResourceExhastedError,
  GRPCUnavailableError,
} from 'etcd3'
import { explainEtcdError } from '../../../lib/store/etcd-failure.js'

const isSurelyNotCommitted = (error: Error): boolean => explainEtcdError(error).isSurelyNotCommitted

describe('a failure of etcd', () => {
  for (const error of [
    new GRPCUnavailableError('14 UNAVAILABLE: No connection established. Last error: null'),
    new GRPCUnavailableError('14 UNAVAILABLE: Name resolution failed for target dns:etcd:2379'),
    new GRPCUnavailableError('14 UNAVAILABLE: Channel closed before call started'),
    new BrokenCircuitError(),
    new EtcdPermissionDeniedError('7 PERMISSION_DENIED: etcdserver: permission denied'),
    new GRPCInvalidArgumentError('3 INVALID_ARGUMENT: etcdserver: request is too large'),
    new GRPCResourceExhastedError('8 RESOURCE_EXHAUSTED: etcdserver: too many requests'),
  ]) {
    it(`surely changed nothing: ${error.message}`, () => {
      expect(isSurelyNotCommitted(error)).to.equal(true)
    })
  }

  for (const error of [
    new GRPCUnavailableError('14 UNAVAILABLE: read ECONNRESET'),
    new GRPCUnavailableError('14 UNAVAILABLE: Connection dropped'),
    new GRPCUnavailableError('14 UNAVAILABLE: write EPIPE'),
    new GRPCUnavailableError('14 UNAVAILABLE: etcdserver: request timed out'),
    new GRPCUnavailableError('14 UNAVAILABLE: etcdserver: leader changed'),
    new GRPCDeadlineExceededError('4 DEADLINE_EXCEEDED: Deadline exceeded after 0.9s'),
    new GRPCResourceExhastedError(
      '8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded',
    ),
    new Error('anything else'),
  ]) {
    it(`may have changed something: ${error.message}`, () => {
      expect(isSurelyNotCommitted(error)).to.equal(false)
    })
  }

  it('does not pass by itself while etcd is out of space', () => {
    const text = '8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded'
    expect(explainEtcdError(new GRPCResourceExhastedError(text))).to.deep.equal({
      message: 'etcd is out of space (NOSPACE): compact, defragment and disarm it',
      mayPass: false,
      isSurelyNotCommitted: false,
      isSetAside: false,
    })
  })
})
