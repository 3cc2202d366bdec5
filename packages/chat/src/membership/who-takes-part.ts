import type { ConversationId, UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { listMembersAmong } from './membership.sql.js'

/** Those of these people who take part in a conversation now. */
export async function whoTakesPart({ db }: Chat, conversationId: ConversationId, userIds: readonly UserId[]): Promise<Set<UserId>> {
  return new Set(userIds.length > 0 ? await listMembersAmong(db, conversationId, userIds) : [])
}
