import type { UserId } from '@viatra-chat/contract'
import { expect, test } from 'vitest'
import { createRecentTokens } from '../../src/identity/recent-tokens.js'

// Which tokens are not verified again. The clock is told, since what is remembered ends by it.

function open() {
  let now = 1_000_000
  const tokens = createRecentTokens(() => now)
  return { ...tokens, wait: (ms: number) => void (now += ms), claims: (lifeMs: number) => claimsOf(now + lifeMs) }
}

const claimsOf = (expiresAt: number) => ({ userId: 'ann' as UserId, role: null, expiresAt: new Date(expiresAt) })

test('a token is known after it was verified, and no other one is', () => {
  const tokens = open()
  const claims = tokens.claims(60_000)
  tokens.remember('a.b.c', claims)
  expect(tokens.claimsOf('a.b.c')).toBe(claims)
  for (const other of ['a.b.C', 'a.b', 'a.b.cc', '', '__proto__', 'constructor']) expect(tokens.claimsOf(other)).toBeUndefined()
})

test('it is not known any more once it has expired, with the leeway that every token has', () => {
  const tokens = open()
  tokens.remember('a.b.c', tokens.claims(1000))
  tokens.wait(5999)
  expect(tokens.claimsOf('a.b.c')).toBeDefined()
  tokens.wait(1)
  expect(tokens.claimsOf('a.b.c')).toBeUndefined()
})

test.each([
  ['used all the time', 100],
  ['not used meanwhile', 20_000],
])('one that is %s is verified again after at most 20 s', (_how, everyMs) => {
  const tokens = open()
  tokens.remember('a.b.c', tokens.claims(3_600_000))
  for (let waited = 0; waited < 20_000; waited += everyMs) {
    tokens.claimsOf('a.b.c')
    tokens.wait(everyMs)
  }
  expect(tokens.claimsOf('a.b.c')).toBeUndefined()
})

test('however many come, no more than 20,000 are kept', () => {
  const tokens = open()
  for (let n = 0; n < 50_000; n++) tokens.remember(`token ${n}`, tokens.claims(60_000))
  const known = Array.from({ length: 50_000 }, (_, n) => tokens.claimsOf(`token ${n}`)).filter((claims) => claims !== undefined)
  expect(known.length).toBeGreaterThan(0)
  expect(known.length).toBeLessThanOrEqual(20_000)
})
