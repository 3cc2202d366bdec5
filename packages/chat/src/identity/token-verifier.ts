import { createVerifier } from 'fast-jwt'
import { Refusal } from '../refusal.js'
import { jwtRules, TOKEN_LENGTH_MAX, tokenRefusal, type JwtRules } from './jwt-rules.js'
import { readClaims, type TokenClaims } from './token-claims.js'
import type { TokenOptions } from './token-options.js'

export type { TokenClaims } from './token-claims.js'
export type { TokenOptions } from './token-options.js'

export interface TokenVerifier {
  /**
   * @param token whatever a client sent; anything but a good token is refused, nothing makes it throw otherwise.
   * @throws Refusal TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED; UNAVAILABLE when the key set cannot be asked.
   */
  verify(token: unknown): Promise<TokenClaims>
}

/** Verifies access tokens as the contract's "Authentication" says. Throws at once for a public key that cannot be used. */
export function createTokenVerifier(options: TokenOptions): TokenVerifier {
  const verifySignature = createSignatureVerifier(jwtRules(options))
  return {
    async verify(token) {
      try {
        return readClaims(await verifySignature(requireToken(token)))
      } catch (error) {
        throw tokenRefusal(error)
      }
    },
  }
}

/** Refuses what cannot be a token before any of it is decoded. */
export function requireToken(token: unknown): string {
  if (token === undefined || token === null || token === '') throw new Refusal('TOKEN_MISSING')
  if (typeof token !== 'string' || token.length > TOKEN_LENGTH_MAX) throw new Refusal('TOKEN_INVALID')
  return token
}

/** fast-jwt's verdicts are not cached: a connection shows its token once. REST, which is shown it with each call, has `RecentTokens`. */
function createSignatureVerifier({ key, verify }: JwtRules): (token: string) => unknown {
  return typeof key === 'string' ? createVerifier({ ...verify, key }) : createVerifier({ ...verify, key })
}
