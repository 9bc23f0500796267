import { expect } from 'chai'
import { etcdSentence } from '../../../lib/store/etcd-sentence.js'

const unconnected = (error: string): string =>
  `14 UNAVAILABLE: No connection established. Last error: ${error}. Resolution note: `

describe('a sentence on a failure of etcd', () => {
  for (const [text, sentence] of [
    [
      unconnected('Error: connect ECONNREFUSED 127.0.0.1:24790'),
      'nothing listens at 127.0.0.1:24790 (connection refused)',
    ],
    [
      unconnected('Error: connect ECONNREFUSED ::1:2379'),
      'nothing listens at ::1:2379 (connection refused)',
    ],
    [
      unconnected('Error: connect ETIMEDOUT 192.0.2.1:2379'),
      '192.0.2.1:2379 cannot be reached (no answer in time)',
    ],
    [
      unconnected('Error: connect EHOSTUNREACH 192.0.2.1:2379 - Local (192.0.2.9:40112)'),
      '192.0.2.1:2379 cannot be reached (no way to the host)',
    ],
    [
      '14 UNAVAILABLE: Name resolution failed for target dns:etcd.invalid:2379',
      'the name of the endpoint etcd.invalid:2379 cannot be resolved',
    ],
    ['14 UNAVAILABLE: No connection established', 'there is no connection to the endpoint'],
    [unconnected('null'), 'there is no connection to the endpoint'],
    [
      unconnected('Error: unable to verify the first certificate'),
      "etcd's certificate is not trusted: it does not chain to etcd3.ca_cert_path, or to the system's roots without one (unable to verify the first certificate)",
    ],
    [
      unconnected(
        "Error: Hostname/IP does not match certificate's altnames: Host: a. is not cert's CN: b",
      ),
      "etcd's certificate is not for this endpoint's name; see etcd3.server_name (Hostname/IP does not match certificate's altnames: Host: a. is not cert's CN: b)",
    ],
    ['14 UNAVAILABLE: etcdserver: no leader', 'etcd has no leader at the moment'],
    [
      '8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded',
      'etcd is out of space (NOSPACE): compact, defragment and disarm it',
    ],
    [
      '3 INVALID_ARGUMENT: etcdserver: authentication failed, invalid user ID or password',
      'etcd does not know our user with this password (authentication failed)',
    ],
    ['14 UNAVAILABLE: etcdserver: request timed out', 'etcdserver: request timed out'],
  ] as const) {
    it(`keeps what matters of ${text}`, () => {
      expect(etcdSentence(text)).to.equal(sentence)
    })
  }
})
