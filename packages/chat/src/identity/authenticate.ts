import type { UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Kysely } from 'kysely'
import { gatherByTurn } from '../gather-by-turn.js'
import { Refusal } from '../refusal.js'
import type { Actor } from './actor.js'
import type { TokenClaims, TokenVerifier } from './token-verifier.js'
import { findAdministrators, findInactive, findUsers } from './users.sql.js'

/** Somebody who showed a good token. */
export interface Session {
  actor: Actor
  expiresAt: Date
}

export interface Authenticator {
  /** Verifies a token and its person. Refuses with TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED or USER_INACTIVE. */
  authenticate(token: unknown): Promise<Session>
  /** The second half alone, for claims that a plugin has verified already. */
  admit(claims: TokenClaims): Promise<Session>
  /** Those of the given people that may no longer be connected. */
  findInactive(userIds: readonly UserId[]): Promise<UserId[]>
  /** Those of the given people whom the database still calls administrators. */
  findAdministrators(userIds: readonly UserId[]): Promise<UserId[]>
}

// Deactivation must show within 5 s; an active person is asked for once in this time.
const activeForMs = 2000
const rememberedMax = 50_000

export function createAuthenticator(db: Kysely<Tables>, verifier: TokenVerifier): Authenticator {
  const remembered = new Map<UserId, { role: Promise<string | null>; until: number }>()

  // Those who come back at once are asked for at once.
  const findUser = gatherByTurn((userIds: readonly UserId[]) => findUsers(db, userIds), { runsMax: 3 })

  // The promise is what is remembered: calls that come at once, as after a reconnect, ask the database once.
  function roleOf(userId: UserId): Promise<string | null> {
    const known = remembered.get(userId)
    if (known && known.until > Date.now()) return known.role
    if (remembered.size >= rememberedMax) remembered.clear()
    const role = findUser(userId).then(requireActive)
    role.catch(() => remembered.delete(userId))
    remembered.set(userId, { role, until: Date.now() + activeForMs })
    return role
  }

  async function admit(claims: TokenClaims): Promise<Session> {
    const role = await roleOf(claims.userId)
    return { actor: { userId: claims.userId, isAdmin: claims.role === 'admin' && role === 'admin' }, expiresAt: claims.expiresAt }
  }

  return {
    admit,
    authenticate: async (token) => admit(await verifier.verify(token)),
    findInactive: (userIds) => findInactive(db, userIds),
    findAdministrators: (userIds) => findAdministrators(db, userIds),
  }
}

function requireActive(user: Awaited<ReturnType<typeof findUsers>>[number]): string | null {
  if (!user) throw new Refusal('TOKEN_INVALID', { message: 'The token is of a person who does not exist.' })
  // The platform's table may leave it open, and then nobody has said so.
  if (user.is_active === false) throw new Refusal('USER_INACTIVE')
  return user.role
}
