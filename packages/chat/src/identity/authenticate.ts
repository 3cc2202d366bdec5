import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Kysely } from 'kysely'
import { gatherByTurn, oneAtATime } from '../gather-by-turn.js'
import { Refusal } from '../refusal.js'
import type { Actor } from './actor.js'
import type { TokenClaims, TokenVerifier } from './token-verifier.js'
import { findAdministrators, findArrivals, findInactive, findUsers } from './users.sql.js'

/** Somebody who showed a good token. */
export interface Session {
  actor: Actor
  expiresAt: Date
}

/** Somebody who connects. */
export interface Arrival {
  session: Session
  /** All conversations they take part in. */
  conversationIds: readonly ConversationId[]
}

export interface Authenticator {
  /** Verifies a token and its person. Refuses with TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED or USER_INACTIVE. */
  authenticate(token: unknown): Promise<Session>
  /** The second half alone, for claims that a plugin has verified already. */
  admit(claims: TokenClaims): Promise<Session>
  /** The same without waiting, for somebody who was admitted a moment ago; undefined: they have to be asked for. */
  recall(claims: TokenClaims): Session | undefined
  /** The first half alone: whether the token is good. */
  verify(token: unknown): Promise<TokenClaims>
  /** The second half for somebody who connects: one query, together with those who come meanwhile, and nothing remembered. */
  arrive(claims: TokenClaims): Promise<Arrival>
  /** Those of the given people that may no longer be connected: deactivated, or without a row. */
  findInactive(userIds: readonly UserId[]): Promise<UserId[]>
  /** Those of the given people whom the database still calls administrators. */
  findAdministrators(userIds: readonly UserId[]): Promise<UserId[]>
}

// Deactivation must show within 5 s; an active person is asked for once in this time.
const activeForMs = 2000
const rememberedMax = 50_000
// Some ten thousand rows of memberships: what is more would hold up everybody while it is read.
const arrivalsPerQuery = 250

interface Remembered {
  role: Promise<string | null>
  /** Once it is there. */
  found?: { role: string | null }
  until: number
}

export function createAuthenticator(db: Kysely<Tables>, verifier: TokenVerifier): Authenticator {
  const remembered = new Map<UserId, Remembered>()

  // Those who come back at once are asked for at once.
  const findUser = gatherByTurn((userIds: readonly UserId[]) => findUsers(db, userIds), oneAtATime)
  const findArrival = gatherByTurn((userIds: readonly UserId[]) => findArrivals(db, userIds), { ...oneAtATime, itemsMax: arrivalsPerQuery })

  // The promise is what is remembered: calls that come at once, as after a reconnect, ask the database once.
  function roleOf(userId: UserId): Promise<string | null> {
    const known = remembered.get(userId)
    if (known && known.until > Date.now()) return known.role
    if (remembered.size >= rememberedMax) remembered.clear()
    const role = findUser(userId).then((user) => requireActive(user).role)
    const entry: Remembered = { role, until: Date.now() + activeForMs }
    role.then(
      (found) => (entry.found = { role: found }),
      () => remembered.delete(userId),
    )
    remembered.set(userId, entry)
    return role
  }

  function recall(claims: TokenClaims): Session | undefined {
    const known = remembered.get(claims.userId)
    return known?.found && known.until > Date.now() ? toSession(claims, known.found.role) : undefined
  }

  const admit = async (claims: TokenClaims): Promise<Session> => toSession(claims, await roleOf(claims.userId))

  async function arrive(claims: TokenClaims): Promise<Arrival> {
    const { role, conversation_ids: conversationIds } = requireActive(await findArrival(claims.userId))
    return { session: toSession(claims, role), conversationIds }
  }

  return {
    admit,
    recall,
    verify: (token) => verifier.verify(token),
    arrive,
    authenticate: async (token) => admit(await verifier.verify(token)),
    findInactive: (userIds) => findInactive(db, userIds),
    findAdministrators: (userIds) => findAdministrators(db, userIds),
  }
}

function requireActive<U extends { is_active: boolean | null }>(user: U | undefined): U {
  if (!user) throw new Refusal('TOKEN_INVALID', { message: 'The token is of a person who does not exist.' })
  // The platform's table may leave it open, and then nobody has said so.
  if (user.is_active === false) throw new Refusal('USER_INACTIVE')
  return user
}

function toSession({ userId, role: claimed, expiresAt }: TokenClaims, role: string | null): Session {
  return { actor: { userId, isAdmin: claimed === 'admin' && role === 'admin' }, expiresAt }
}
