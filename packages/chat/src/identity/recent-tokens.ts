import { LEEWAY_MS } from './jwt-rules.js'
import type { TokenClaims } from './token-claims.js'

/** Good tokens of the last seconds, by the header that brought them: who calls again and again is not verified each time, which took a tenth of a send's time in an API. */
export interface RecentTokens {
  /** What the token says; undefined for one that is not known to be good, as once it has expired. */
  claimsOf(authorization: string): TokenClaims | undefined
  /** Notes a token that was just verified. */
  remember(authorization: string, claims: TokenClaims): void
}

// Forgotten after one to two of these: so much longer may a key be used that was taken out of its set, and a token be found in a dump of the memory.
const keptMs = 10_000
// Of some 300 bytes.
const keptMax = 10_000

/** @param now is the clock, in ms. */
export function createRecentTokens(now: () => number = Date.now): RecentTokens {
  let recent = new Map<string, TokenClaims>()
  let before = recent
  let startedAt = now()

  function turn(at: number): void {
    if (at - startedAt < keptMs && recent.size < keptMax) return
    before = at - startedAt < 2 * keptMs ? recent : new Map<string, TokenClaims>()
    recent = new Map<string, TokenClaims>()
    startedAt = at
  }

  return {
    claimsOf(authorization) {
      const at = now()
      turn(at)
      const claims = recent.get(authorization) ?? before.get(authorization)
      return claims && at < claims.expiresAt.getTime() + LEEWAY_MS ? claims : undefined
    },
    remember(authorization, claims) {
      turn(now())
      recent.set(authorization, claims)
    },
  }
}
