import { expect } from 'chai'
import { normaliseEndpoint } from '../../../lib/config/normalise-endpoint.js'

const EXPECTED = 'expected http://HOST:PORT or https://HOST:PORT'
const AUTHENTICATION = 'use etcd3.username and etcd3.password_path'

describe('normaliseEndpoint', () => {
  const ACCEPTED: readonly (readonly [text: string, url: string, missing: readonly string[]])[] = [
    ['http://10.0.1.33:2379', 'http://10.0.1.33:2379', []],
    ['https://etcd1.example.com:2379', 'https://etcd1.example.com:2379', []],
    ['https://etcd1:2379/', 'https://etcd1:2379', []],
    ['HTTPS://ETCD1:2379', 'https://etcd1:2379', []],
    ['http://etcd_1:80', 'http://etcd_1:80', []],
    ['https://etcd1:443', 'https://etcd1:443', []],
    ['https://etcd1.svc.cluster.local.:2379', 'https://etcd1.svc.cluster.local.:2379', []],
    ['https://etcd1', 'https://etcd1:2379', ['port']],
    ['http://[::1]', 'http://[::1]:2379', ['port']],
    ['https://[2001:0DB8::0:1]:2379', 'https://[2001:db8::1]:2379', []],
    ['10.0.1.33:2379', 'http://10.0.1.33:2379', ['scheme']],
    ['localhost:2379/', 'http://localhost:2379', ['scheme']],
    ['[::1]:2379', 'http://[::1]:2379', ['scheme']],
    ['localhost', 'http://localhost:2379', ['scheme', 'port']],
    ['http://a:00080', 'http://a:80', []],
  ]
  for (const [text, url, missing] of ACCEPTED) {
    it(`reads ${text} as ${url}`, () => {
      expect(normaliseEndpoint(text)).to.deep.equal({
        endpoint: {
          url,
          isSecure: url.startsWith('https:'),
          isIpAddress: /\[|10\./.test(url),
          missing,
        },
      })
    })
  }

  const REFUSED: readonly (readonly [text: string, problem: string])[] = [
    ['', `${EXPECTED}, got ""`],
    ['http://', `${EXPECTED}, got "http://"`],
    ['http://:2379', `${EXPECTED}, got "http://:2379"`],
    ['http://a b:1', `${EXPECTED} without spaces, got "http://a b:1"`],
    [' http://a:1', `${EXPECTED} without spaces, got " http://a:1"`],
    ['http://-a:1', `${EXPECTED}, got "http://-a:1"`],
    ['http://10.0.1.333:1', `${EXPECTED}, got "http://10.0.1.333:1"`],
    ['http://[10.0.0.1]:1', `${EXPECTED}, got "http://[10.0.0.1]:1"`],
    ['http://[::1:2379', `${EXPECTED}, got "http://[::1:2379"`],
    [
      'http://::1',
      'expected an IPv6 address in brackets, as in http://[::1]:2379, got "http://::1"',
    ],
    ['http://a:0', 'expected a port from 1 to 65535 after the host, got "http://a:0"'],
    ['http://a:65536', 'expected a port from 1 to 65535 after the host, got "http://a:65536"'],
    ['http://a:', 'expected a port from 1 to 65535 after the host, got "http://a:"'],
    ['http://a:x', 'expected a port from 1 to 65535 after the host, got "http://a:x"'],
    ['http://a:1/v3', `${EXPECTED} without a path, query or fragment, got "http://a:1/v3"`],
    ['http://a:1//', `${EXPECTED} without a path, query or fragment, got "http://a:1//"`],
    ['http://a:1?x=y', `${EXPECTED} without a path, query or fragment, got "http://a:1?x=y"`],
    ['http://a:1/#x', `${EXPECTED} without a path, query or fragment, got "http://a:1/#x"`],
    ['ftp://a:1', `${EXPECTED}, got the scheme "ftp" in "ftp://a:1"`],
    ['unix:///run/etcd', `${EXPECTED}, got the scheme "unix" in "unix:///run/etcd"`],
    ['unix:/run/etcd', `${EXPECTED}, got the scheme "unix" in "unix:/run/etcd"`],
    ['unixs:etcd', `${EXPECTED}, got the scheme "unixs" in "unixs:etcd"`],
    ['http://u:p@a:1', `${EXPECTED}, got a user name in "http://***@a:1"; ${AUTHENTICATION}`],
    ['http://u:p/@b@a:1', `${EXPECTED}, got a user name in "http://***@a:1"; ${AUTHENTICATION}`],
    ['u:p@a:1', `${EXPECTED}, got a user name in "***@a:1"; ${AUTHENTICATION}`],
  ]
  for (const [text, problem] of REFUSED) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(normaliseEndpoint(text)).to.deep.equal({ problem })
    })
  }
})
