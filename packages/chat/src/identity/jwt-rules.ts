import { createPublicKey } from 'node:crypto'
import type { Algorithm, VerifierOptions } from 'fast-jwt'
import { Refusal } from '../refusal.js'
import { createJwksKeys, type DecodedToken } from './jwks-keys.js'
import type { TokenOptions } from './token-options.js'

/** Clocks of the issuer and of our machines may differ by this much. */
export const LEEWAY_MS = 5000

/** Longer ones are refused unread; a token of ours has about 250 characters. */
export const TOKEN_LENGTH_MAX = 8192

/** What fast-jwt and the Fastify plugin on top of it are told: both verify by the same rules. */
export interface JwtRules {
  /** The key itself, or a function that finds it by the token's header. */
  key: string | ((token: DecodedToken) => Promise<string>)
  verify: VerifierOptions
}

export function jwtRules(options: TokenOptions): JwtRules {
  const { issuer, audience } = options
  const requiredClaims = ['exp', ...(issuer === undefined ? [] : ['iss']), ...(audience === undefined ? [] : ['aud'])]
  return {
    key: keyOf(options),
    verify: {
      algorithms: algorithmsOf(options),
      complete: true,
      clockTolerance: LEEWAY_MS,
      requiredClaims,
      ...(issuer !== undefined && { allowedIss: issuer }),
      ...(audience !== undefined && { allowedAud: audience }),
    },
  }
}

/** Whatever a verifier threw, as a refusal. An error that is not a verdict is one all the same: no token may cause a fault. */
export function tokenRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (!(error instanceof Error)) return new Refusal('TOKEN_INVALID')
  // fast-jwt wraps what a key function threw.
  if ('originalError' in error && error.originalError instanceof Refusal) return error.originalError
  return new Refusal('code' in error && EXPIRED.has(error.code) ? 'TOKEN_EXPIRED' : 'TOKEN_INVALID')
}

/** What fast-jwt and the Fastify plugin call it. */
const EXPIRED = new Set<unknown>(['FAST_JWT_EXPIRED', 'FST_JWT_AUTHORIZATION_TOKEN_EXPIRED'])

/** The algorithms come from our configuration alone, never from the token (RFC 8725, 3.1). */
function algorithmsOf(options: TokenOptions): Algorithm[] {
  if (options.secret !== undefined) return ['HS256']
  if (options.publicKey !== undefined) return [algorithmOf(options.publicKey)]
  return ['RS256', 'ES256']
}

function algorithmOf(publicKey: string): Algorithm {
  return createPublicKey(publicKey).asymmetricKeyType === 'ec' ? 'ES256' : 'RS256'
}

function keyOf(options: TokenOptions): JwtRules['key'] {
  if (options.jwksUrl === undefined) return options.secret ?? options.publicKey
  return createJwksKeys(options.jwksUrl)
}
