import type { SharedConversation, UserId } from '@viatra-chat/contract'
import type { Chat } from '../chat.js'
import { userRoom } from '../events/rooms.js'

/** Tells people of a conversation that they take part in from now on; their sockets hear what follows in it. */
export function announceConversation(chat: Chat, conversation: SharedConversation, userIds: readonly UserId[]): void {
  chat.events.participantsAdded({ conversationId: conversation.id, userIds })
  // Nothing in it is unread yet: only what comes after a person has joined counts.
  chat.events.publish('conversation_created', { ...conversation, unread_count: 0 }, { rooms: userIds.map(userRoom) })
}
