import { expect } from 'chai'
import { clientAddress, countingKey, Networks } from '../../../lib/http/client-address.js'

describe('Networks', () => {
  const networks = new Networks(['10.0.0.1', '192.168.0.0/16', '2001:db8::/32', '::1'])
  for (const [address, isIn] of [
    ['10.0.0.1', true],
    ['10.0.0.2', false],
    ['192.168.255.1', true],
    ['192.169.0.1', false],
    ['::ffff:192.168.1.1', true],
    ['::ffff:10.0.0.2', false],
    ['2001:db8:1::5', true],
    ['2001:db9::', false],
    ['::1', true],
    ['unknown', false],
    ['', false],
    ['10.0.0.1:80', false],
  ] as const) {
    it(`${isIn ? 'have' : 'do not have'} ${JSON.stringify(address)}`, () => {
      expect(networks.has(address)).to.equal(isIn)
    })
  }
})

describe('clientAddress', () => {
  for (const [reported, peer, address] of [
    ['203.0.113.5', '10.0.0.1', '203.0.113.5'],
    ['::ffff:203.0.113.5', '10.0.0.1', '203.0.113.5'],
    [undefined, '::ffff:10.0.0.1', '10.0.0.1'],
    ['unknown', '10.0.0.1', '10.0.0.1'],
    ['203.0.113.5:4711', '10.0.0.1', '10.0.0.1'],
    ['203.0.113.5\nlevel=error', '10.0.0.1', '10.0.0.1'],
    [undefined, undefined, ''],
  ] as const) {
    it(`is ${JSON.stringify(address)} for ${JSON.stringify([reported, peer])}`, () => {
      expect(clientAddress(reported, peer)).to.equal(address)
    })
  }
})

describe('countingKey', () => {
  for (const [address, key] of [
    ['203.0.113.5', '203.0.113.5'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:0001:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['64:ff9b::1:2:3:4:5', '64:ff9b:0:1::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ] as const) {
    it(`is ${key} for ${address}`, () => {
      expect(countingKey(address)).to.equal(key)
    })
  }
})
