import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Tables } from '@viatra-chat/db'
import type { Kysely } from 'kysely'
import type { Chat } from '../chat.js'
import { gatherByTurn, oneAtATime } from '../gather-by-turn.js'
import { listMemberships } from './membership.sql.js'

/** Reads ids of all conversations a person takes part in, the rooms of a new connection, together with those of others who come meanwhile. */
export type ConversationIdReader = (userId: UserId) => Promise<ConversationId[]>

/** Some ten thousand rows: what is more would hold up everybody while it is read. */
export const peoplePerQuery = 250

export const createConversationIdReader = (db: Kysely<Tables>): ConversationIdReader =>
  gatherByTurn(
    async (userIds: readonly UserId[]) => {
      const byPerson = await listConversationIdsByPerson({ db }, [...new Set(userIds)])
      return userIds.map((userId) => [...(byPerson.get(userId) ?? [])])
    },
    { ...oneAtATime, itemsMax: peoplePerQuery },
  )

export const listConversationIds = (chat: Pick<Chat, 'conversationIds'>, userId: UserId): Promise<ConversationId[]> =>
  chat.conversationIds(userId)

/** The same for many people, by person; everybody asked for is in the map. One query: {@link peoplePerQuery} people at a time. */
export async function listConversationIdsByPerson(
  { db }: Pick<Chat, 'db'>,
  userIds: readonly UserId[],
): Promise<Map<UserId, Set<ConversationId>>> {
  const byPerson = new Map(userIds.map((userId) => [userId, new Set<ConversationId>()]))
  for (const { user_id, conversation_id } of await listMemberships(db, userIds)) byPerson.get(user_id)?.add(conversation_id)
  return byPerson
}
