import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { clientAddress } from '../src/index.js'

function from(remoteAddress: string | undefined, forwarded?: string | string[]) {
  const request: unknown = { headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }, socket: { remoteAddress } }
  return request as IncomingMessage
}

test.each([
  ['as it is', from('10.0.0.1'), 0, '10.0.0.1'],
  ['an IPv4 address in IPv6 clothes', from('::ffff:10.0.0.1'), 0, '10.0.0.1'],
  ['the network of an IPv6 address', from('2001:db8:1:2:3:4:5:6'), 0, '2001:db8:1:2::/64'],
  ['the same of a short one', from('2001:db8::1'), 0, '2001:db8:0:0::/64'],
  ['of this machine', from('::1'), 0, '0:0:0:0::/64'],
  ['nothing when the connection is gone', from(undefined), 0, 'unknown'],
  ['not what anybody can write', from('10.0.0.1', '1.1.1.1'), 0, '10.0.0.1'],
  ['what our proxy saw', from('10.0.0.1', '1.1.1.1'), 1, '1.1.1.1'],
  ['what our proxy saw and not what it was told', from('10.0.0.1', '9.9.9.9, 1.1.1.1'), 1, '1.1.1.1'],
  ['what the outer of two proxies saw', from('10.0.0.1', '9.9.9.9, 1.1.1.1, 10.0.0.2'), 2, '1.1.1.1'],
  ['the proxy’s own when it says nothing', from('10.0.0.1'), 1, '10.0.0.1'],
  ['the proxy’s own when it says too little', from('10.0.0.1', '1.1.1.1'), 2, '10.0.0.1'],
  ['the proxy’s own when it talks nonsense', from('10.0.0.1', 'unknown'), 1, '10.0.0.1'],
  ['of several headers', from('10.0.0.1', ['9.9.9.9', '1.1.1.1']), 1, '1.1.1.1'],
])('an address is %s', (_, request, hops, expected) => {
  expect(clientAddress(request, hops)).toBe(expected)
})
