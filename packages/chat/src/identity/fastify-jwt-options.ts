import type { IncomingMessage } from 'node:http'
import { Refusal } from '../refusal.js'
import { jwtRules, tokenRefusal } from './jwt-rules.js'
import { createRecentTokens } from './recent-tokens.js'
import { readClaims, type TokenClaims } from './token-claims.js'
import type { TokenOptions } from './token-options.js'
import { requireToken } from './token-verifier.js'

/**
 * Options for @fastify/jwt, so that REST and sockets give every token the same verdict: the same key, the same rules of
 * fast-jwt, the same limits, the same reading of claims.
 * ```ts
 * await app.register(fastifyJwt, fastifyJwtOptions(config.jwt))
 * const bearer = createBearerVerifier()
 * const { actor } = await chat.authenticator.admit(bearer.recall(request) ?? (await bearer.verify(request)))
 * ```
 */
export function fastifyJwtOptions(options: TokenOptions) {
  const { key, verify } = jwtRules(options)
  return {
    secret: { public: typeof key === 'string' ? key : async (_request: unknown, token: object) => await key(token) },
    decode: { complete: true },
    verify: { ...verify, extractToken: requireBearerToken },
  }
}

/** A request, as @fastify/jwt shows it. */
interface BearerRequest {
  readonly raw: IncomingMessage
  jwtVerify(): Promise<unknown>
}

export interface BearerVerifier {
  /** The claims of a bearer token that was good a moment ago; undefined: it has to be verified. Throws a Refusal where the header came twice. */
  recall(request: BearerRequest): TokenClaims | undefined
  /** The claims of a bearer token. Rejects with a Refusal as `TokenVerifier.verify` does. */
  verify(request: BearerRequest): Promise<TokenClaims>
}

/**
 * Verifies the tokens of requests by the plugin registered with `fastifyJwtOptions`.
 * Claims are read here and not in the plugin's `formatUser`: what that throws while a key is fetched ends the process.
 */
export function createBearerVerifier(): BearerVerifier {
  const tokens = createRecentTokens()
  return {
    recall({ raw }) {
      const claims = tokens.claimsOf(raw.headers.authorization ?? '')
      if (claims && isRepeated('authorization', raw.rawHeaders)) throw new Refusal('TOKEN_INVALID')
      return claims
    },
    async verify(request) {
      try {
        const claims = readClaims(await request.jwtVerify())
        tokens.remember(request.raw.headers.authorization ?? '', claims)
        return claims
      } catch (error) {
        throw tokenRefusal(error)
      }
    },
  }
}

/** The scheme's name is case-insensitive (RFC 9110, 11.1). */
function requireBearerToken({ raw }: { readonly raw: IncomingMessage }): string {
  const header = raw.headers.authorization ?? ''
  const [, token] = /^bearer ([^ ]+)$/i.exec(header) ?? []
  if (isRepeated('authorization', raw.rawHeaders)) throw new Refusal('TOKEN_INVALID')
  if (token === undefined && /^bearer\s/i.test(header)) throw new Refusal('TOKEN_INVALID')
  return requireToken(token)
}

/** Node keeps the first of several; a proxy in front may have looked at another one. */
function isRepeated(name: string, rawHeaders: readonly string[]): boolean {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.length === name.length && rawHeaders[i]?.toLowerCase() === name) count++
  return count > 1
}
