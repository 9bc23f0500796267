import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'

/** IP addresses and networks, to look addresses up in. */
export class Networks {
  readonly #list = new BlockList()

  /** Items like `10.0.0.1`, `10.0.0.0/8` and `2001:db8::/32`; others are passed over. */
  constructor(items: readonly string[]) {
    for (const item of items) {
      const [address = '', prefix] = item.split('/', 2)
      const family = isIPv6(address) ? 'ipv6' : 'ipv4'
      if (prefix === undefined) this.#list.addAddress(address, family)
      else this.#list.addSubnet(address, Number(prefix), family)
    }
  }

  /** Whether the address is in one of them; an IPv4 address may come as an IPv6 one. */
  has(address: string): boolean {
    const version = isIP(address)
    return version !== 0 && this.#list.check(address, version === 6 ? 'ipv6' : 'ipv4')
  }
}

/**
 * The client's address as it is logged and counted by: IPv4 as IPv4, and the peer's own where proxies
 * report something that is no address.
 */
export function clientAddress(reported: string | undefined, peer: string | undefined): string {
  const address = reported !== undefined && isIP(reported) !== 0 ? reported : (peer ?? '')
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1]
  return mapped !== undefined && isIPv4(mapped) ? mapped : address
}

/** What an address is counted under: an IPv6 client has a network of 64 bits to choose from. */
export function countingKey(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.replace(/%.*$/, '').split('::', 2)
  const groups = head.split(':').filter((group) => group !== '')
  if (tail === undefined) return networkOf(groups)
  const last = tail.split(':').filter((group) => group !== '')
  // A dotted IPv4 ending stands for two groups.
  const lastLength = last.length + (tail.includes('.') ? 1 : 0)
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - lastLength) }, () => '0')
  return networkOf([...groups, ...zeros, ...last])
}

function networkOf(groups: readonly string[]): string {
  const network = groups.slice(0, 4).map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
  return `${network.join(':')}::/64`
}
