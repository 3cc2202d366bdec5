import type { Conversation, OperationInput } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import type { Answer } from '../execute.js'
import type { Actor } from '../identity/actor.js'
import { requireMembership } from '../membership/membership.js'
import { loadConversation } from './load-conversations.js'

export async function getConversation(chat: Chat, actor: Actor, input: OperationInput<'get_conversation'>): Promise<Answer<Conversation>> {
  const { conversation } = await requireMembership(chat, actor, input.conversation_id)
  return { data: await loadConversation(chat, conversation.id, actor.userId) }
}
