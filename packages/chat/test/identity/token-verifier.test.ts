import { describe, expect, test } from 'vitest'
import { Refusal } from '../../src/refusal.js'
import { signToken } from '../../src/identity/sign-token.js'
import { createTokenVerifier, type TokenOptions } from '../../src/identity/token-verifier.js'
import { ANN, BOB, ec, goodClaims, makeToken, nowS, rsa, SECRET, spki, tokenCorpus } from './token-corpus.js'

describe('with a secret', () => {
  const verifier = createTokenVerifier({ secret: SECRET })

  test.each(tokenCorpus())('%s: %s', async (_, expected, token) => {
    expect(await verdict({ secret: SECRET }, token)).toBe(expected)
  })

  test('claims are read in one spelling', async () => {
    const exp = nowS() + 60
    const token = makeToken({ sub: ANN.toUpperCase(), role: 'admin', exp })
    expect(await verifier.verify(token)).toEqual({ userId: ANN, role: 'admin', expiresAt: new Date(exp * 1000) })
  })

  test('tokens that we sign are good for their time', async () => {
    const token = signToken({ secret: SECRET, userId: BOB, role: 'doctor', expiresInMs: 60_000 })
    const { userId, role, expiresAt } = await verifier.verify(token)
    expect({ userId, role }).toEqual({ userId: BOB, role: 'doctor' })
    expect(Math.abs(expiresAt.getTime() - Date.now() - 60_000)).toBeLessThan(2000)
  })

  test('two tokens never get the claims of each other', async () => {
    const people = await Promise.all([ANN, BOB, ANN].map((userId) => verifier.verify(makeToken(goodClaims({ userId })))))
    expect(people.map((claims) => claims.userId)).toEqual([ANN, BOB, ANN])
  })
})

describe('issuer and audience, when set', () => {
  const options = { secret: SECRET, issuer: 'https://id.clinic', audience: 'chat' }
  test.each([
    ['the right ones', 'good', { iss: 'https://id.clinic', aud: 'chat' }],
    ['one of several audiences', 'good', { iss: 'https://id.clinic', aud: ['web', 'chat'] }],
    ['no issuer', 'TOKEN_INVALID', { aud: 'chat' }],
    ['another issuer', 'TOKEN_INVALID', { iss: 'https://id.clinic.evil', aud: 'chat' }],
    ['a list of issuers', 'TOKEN_INVALID', { iss: ['https://id.clinic'], aud: 'chat' }],
    ['no audience', 'TOKEN_INVALID', { iss: 'https://id.clinic' }],
    ['another audience', 'TOKEN_INVALID', { iss: 'https://id.clinic', aud: 'web' }],
    ['no audience in the list', 'TOKEN_INVALID', { iss: 'https://id.clinic', aud: [] }],
    ['an audience that is an object', 'TOKEN_INVALID', { iss: 'https://id.clinic', aud: { chat: 1 } }],
  ])('%s: %s', async (_, expected, claims) => {
    expect(await verdict(options, makeToken(goodClaims(claims)))).toBe(expected)
  })

  test('tokens that we sign have them', async () => {
    const token = signToken({ ...options, userId: ANN, expiresInMs: 60_000 })
    expect(await verdict(options, token)).toBe('good')
  })
})

describe('with a public key', () => {
  const rsaToken = makeToken(goodClaims(), { header: { alg: 'RS256' }, key: rsa.privateKey })
  const ecToken = makeToken(goodClaims(), { header: { alg: 'ES256' }, key: ec.privateKey })
  const publicKey = spki(rsa.publicKey)
  const signedWithText = (key: string, alg = 'HS256') => makeToken(goodClaims(), { header: { alg }, key })

  test('an RSA key accepts RS256 alone', async () => {
    expect(await verdict({ publicKey }, rsaToken)).toBe('good')
    expect(await verdict({ publicKey }, ecToken)).toBe('TOKEN_INVALID')
    expect(await verdict({ publicKey }, makeToken(goodClaims(), { header: { alg: 'RS512' }, key: rsa.privateKey }))).toBe('TOKEN_INVALID')
  })

  test('an EC key accepts ES256 alone', async () => {
    expect(await verdict({ publicKey: spki(ec.publicKey) }, ecToken)).toBe('good')
    expect(await verdict({ publicKey: spki(ec.publicKey) }, rsaToken)).toBe('TOKEN_INVALID')
  })

  test.each([
    ['as it is', publicKey],
    ['trimmed', publicKey.trim()],
    ['after a space', ` ${publicKey}`],
    ['in PKCS#1', rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
  ])('the public key taken for a secret, %s, signs nothing', async (_, key) => {
    expect(await verdict({ publicKey }, signedWithText(key))).toBe('TOKEN_INVALID')
    expect(await verdict({ publicKey }, `${signedWithText(key).split('.').slice(0, 2).join('.')}.`)).toBe('TOKEN_INVALID')
  })

  test('an RS256 header over an HMAC signature is refused', async () => {
    const [, payload = '', signature = ''] = signedWithText(publicKey).split('.')
    expect(await verdict({ publicKey }, `${rsaToken.split('.')[0]}.${payload}.${signature}`)).toBe('TOKEN_INVALID')
  })

  test('malformed tokens are refused like with a secret', async () => {
    for (const [, expected, token] of tokenCorpus().filter(([, expected]) => expected !== 'good' && expected !== 'TOKEN_EXPIRED')) {
      expect(await verdict({ publicKey: spki(ec.publicKey) }, token)).toBe(expected)
    }
  })
})

async function verdict(options: TokenOptions, token: unknown): Promise<string> {
  try {
    await createTokenVerifier(options).verify(token)
    return 'good'
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}
