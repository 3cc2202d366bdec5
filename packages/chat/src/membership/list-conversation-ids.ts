import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { listConversationIdsOf } from './membership.sql.js'

/** Ids of all conversations a person takes part in: the rooms of a new connection. One query. */
export function listConversationIds(chat: Chat, userId: UserId): Promise<ConversationId[]> {
  return listConversationIdsOf(chat.db, userId)
}
