import { connect, forgeToken, secondsFromNow, startWorld, toRestAnswer, type Person, type World } from '@viatra-chat/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// Whoever tries bad tokens is slowed down by address; whoever has a good one notices nothing of it.

let world: World
let ann: Person
beforeAll(async () => {
  world = await startWorld({ env: { RATE_LIMIT_MULTIPLIER: '0.1', TRUSTED_PROXY_HOPS: '1' } })
  ann = await world.person('Ann')
})
afterAll(() => world.close())

/** What the multiplier makes of 1,000. */
const limit = 100
const bad = () => forgeToken({ userId: ann.id, exp: secondsFromNow(60) }, { key: 'another secret' })

interface Attempt {
  token: string
  /** As our proxy wrote it; what stands before the last comma anybody can write. */
  forwarded: string
}

async function overRest({ token, forwarded }: Attempt): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, 'x-forwarded-for': forwarded, forwarded: 'for=9.9.9.9', 'x-real-ip': '9.9.9.9' }
  const answer = await toRestAnswer(await fetch(`${world.apis[0]}/api/v1/chat/sync`, { headers }))
  if (answer.status === 429) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(30)
  return answer.verdict
}

async function overSocket({ token, forwarded }: Attempt): Promise<string> {
  try {
    const connection = await connect(world.gateways[0] ?? '', { token }, { 'x-forwarded-for': forwarded })
    connection.close()
    return 'good'
  } catch (error) {
    return (error as { data: { code: string } }).data.code
  }
}

describe.each([
  ['REST', overRest, '1.1.1.1', { bad: '401 TOKEN_INVALID', limited: '429 RATE_LIMITED', expired: '401 TOKEN_EXPIRED', good: '200' }],
  ['sockets', overSocket, '2.2.2.2', { bad: 'TOKEN_INVALID', limited: 'RATE_LIMITED', expired: 'TOKEN_EXPIRED', good: 'good' }],
] as const)('bad tokens over %s', (_, attempt, address, says) => {
  test('are refused, and after so many from one address told to wait', async () => {
    for (let i = 0; i < limit; i++) expect(await attempt({ token: bad(), forwarded: `10.0.0.${i}, ${address}` })).toBe(says.bad)
    for (let i = 0; i < 3; i++) expect(await attempt({ token: bad(), forwarded: `10.0.0.${i}, ${address}` })).toBe(says.limited)
  })

  test('of one address are no matter of another', async () => {
    expect(await attempt({ token: bad(), forwarded: '3.3.3.3' })).toBe(says.bad)
  })

  test('keep nobody with a good token out, and whoever has an expired one is told so', async () => {
    const expired = forgeToken({ userId: ann.id, exp: secondsFromNow(-60) })
    expect(await attempt({ token: ann.token, forwarded: address })).toBe(says.good)
    expect(await attempt({ token: expired, forwarded: address })).toBe(says.expired)
  })
})

test('addresses of one IPv6 network are one', async () => {
  for (let i = 1; i <= limit; i++) expect(await overRest({ token: bad(), forwarded: `2001:db8:0:1::${i}` })).toBe('401 TOKEN_INVALID')
  expect(await overRest({ token: bad(), forwarded: '2001:db8:0:1:ffff::1' })).toBe('429 RATE_LIMITED')
})

test('bad tokens that are shown in open sessions are counted with those of handshakes, and leave the sessions as they were', async () => {
  const from = { 'x-forwarded-for': '4.4.4.4' }
  const fresh = () => forgeToken({ userId: ann.id, exp: secondsFromNow(60) })
  let refused = 0
  let session = await connect(world.gateways[0] ?? '', { token: ann.token }, from)
  while (refused < limit) {
    const codes = await Promise.all(Array.from({ length: 5 }, () => session.refused('authenticate', { token: bad() })))
    for (const code of codes) expect(code).toBe('TOKEN_INVALID')
    refused += codes.length
    // Each connection has a throttle of its own, which is not what is asked about here.
    session.close()
    session = await connect(world.gateways[0] ?? '', { token: ann.token }, from)
  }
  expect(await overSocket({ token: bad(), forwarded: '4.4.4.4' })).toBe('RATE_LIMITED')
  const ack = await session.ask('authenticate', { token: bad() })
  expect(ack).toMatchObject({ success: false, code: 'RATE_LIMITED', message: expect.stringContaining('Too many bad tokens') })
  expect(await session.get('authenticate', { token: fresh() })).toMatchObject({ expires_at: expect.any(String) })
  session.close()
})
