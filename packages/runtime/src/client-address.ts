import type { IncomingMessage } from 'node:http'
import { isIPv4, isIPv6 } from 'node:net'

/**
 * Where a request comes from, for limits: an IPv4 address, or the /64 of an IPv6 one, since whoever has one has the whole of it.
 * @param trustedHops proxies of ours in front, each of which added what it saw to `X-Forwarded-For`; what stands further left anybody can write.
 */
export function clientAddress({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>, trustedHops: number): string {
  const seen = toNetwork(socket.remoteAddress ?? '') ?? 'unknown'
  if (trustedHops === 0) return seen
  const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
  return toNetwork(forwarded.at(-trustedHops)?.trim() ?? '') ?? seen
}

function toNetwork(address: string): string | undefined {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (isIPv4(plain)) return plain
  return isIPv6(plain) && !plain.includes('%') ? `${groupsOf(plain).slice(0, 4).join(':')}::/64` : undefined
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  const { hostname } = new URL(`http://[${address}]`)
  const [head = [], tail = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''))
  return [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
}
