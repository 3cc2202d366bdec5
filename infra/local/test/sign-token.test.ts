import { createDecoder, createVerifier } from 'fast-jwt'
import { expect, test } from 'vitest'
import { signToken } from '../src/instance/sign-token.js'

const secret = 'a secret of more than thirty-two bytes'
const decode = createDecoder()

test.each([
  ['1h', 3600],
  ['7d', 7 * 24 * 3600],
  ['90', 90],
])('a token with the lifetime %s lasts %i seconds', (expiresIn, seconds) => {
  const { iat, exp } = decode(signToken(secret, { userId: 'u', expiresIn }, {})) as { iat: number; exp: number }
  expect(exp - iat).toBe(seconds)
})

test('a token says who, in which role, from whom and for whom', () => {
  const env = { JWT_ISSUER: 'clinic', JWT_AUDIENCE: 'chat' }
  const token = signToken(secret, { userId: 'u', role: 'admin', expiresIn: '1h' }, env)
  const verify = createVerifier({ key: secret, algorithms: ['HS256'], allowedIss: 'clinic', allowedAud: 'chat' })
  expect(verify(token)).toMatchObject({ userId: 'u', role: 'admin' })
})

test('without a role there is no such claim', () => {
  expect(decode(signToken(secret, { userId: 'u', expiresIn: '1h' }, {}))).not.toHaveProperty('role')
})

test('a lifetime that is none is one sentence', () => {
  expect(() => signToken(secret, { userId: 'u', expiresIn: 'soon' }, {})).toThrow('No token can be signed with a lifetime of soon')
})
