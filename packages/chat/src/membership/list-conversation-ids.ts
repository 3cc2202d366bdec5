import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { listConversationIdsOf, listMemberships } from './membership.sql.js'

/** Ids of all conversations a person takes part in: the rooms of a new connection. One query. */
export function listConversationIds(chat: Chat, userId: UserId): Promise<ConversationId[]> {
  return listConversationIdsOf(chat.db, userId)
}

/** The same for many people, by person; everybody asked for is in the map. One query: a few hundred people at a time. */
export async function listConversationIdsByPerson(
  { db }: Pick<Chat, 'db'>,
  userIds: readonly UserId[],
): Promise<Map<UserId, Set<ConversationId>>> {
  const byPerson = new Map(userIds.map((userId) => [userId, new Set<ConversationId>()]))
  for (const { user_id, conversation_id } of await listMemberships(db, userIds)) byPerson.get(user_id)?.add(conversation_id)
  return byPerson
}
