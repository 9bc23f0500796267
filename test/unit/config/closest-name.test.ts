import { expect } from 'chai'
import { closestName } from '../../../lib/config/closest-name.js'

describe('closestName', () => {
  const NAMES = ['address', 'port', 'tls', 'client_cert_pub_path', 'client_cert_key_path']
  const CASES: readonly (readonly [given: string, closest: string | undefined])[] = [
    ['adress', 'address'],
    ['addresses', 'address'],
    ['adresses', undefined],
    ['ADDRESS', 'address'],
    ['prot', 'port'],
    ['ports', 'port'],
    ['pots', undefined],
    ['tl', 'tls'],
    ['client-cert-pub-path', 'client_cert_pub_path'],
    ['client_cert_kye_path', 'client_cert_key_path'],
    ['', undefined],
    ['x'.repeat(1_000_000), undefined],
  ]
  for (const [given, closest] of CASES) {
    it(`takes ${JSON.stringify(given.slice(0, 30))} for ${closest ?? 'nothing'}`, () => {
      expect(closestName(given, NAMES)).to.equal(closest)
    })
  }
})
